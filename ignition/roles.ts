import { id } from "ethers";

/** Role of the AccessManager whose members may pause new work, and end a pause; see docs/governance.md. 0 is its administrator. */
export const GUARDIAN = 1n;

/** Role of the AccessManager whose members announce cases to the quality court; see docs/quality.md. */
export const REPORTER = 2n;

const selectorOf = (signature: string) => id(signature).slice(0, 10);

/** Functions of the vault that the guardian alone may call. */
export const GUARDED = ["pauseModule(address,uint40)", "resumeModule(address)"].map(selectorOf);

/** Functions of the quality court that reporters alone may call. */
export const REPORTED = [selectorOf("announce(address,uint96,bytes32,string)")];
