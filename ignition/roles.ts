import { id } from "ethers";

/** Role of the AccessManager whose members may pause new work, and end a pause; see docs/governance.md. 0 is its administrator. */
export const GUARDIAN = 1n;

const selectorOf = (signature: string) => id(signature).slice(0, 10);

/** Functions of the vault that the guardian alone may call. */
export const GUARDED = ["pauseModule(address,uint40)", "resumeModule(address)"].map(selectorOf);
