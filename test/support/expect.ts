import { expect } from "chai";
import { type ContractTransactionResponse, type Interface, Result } from "ethers";

/** A call that must be refused: who says so, with which values. */
export interface Refusal {
  readonly call: () => Promise<unknown>;
  /** The contract whose interface knows the error. */
  readonly by: { readonly interface: Interface };
  readonly values: readonly unknown[];
}

/** Asserts a refusal by the error's name and all its values. */
export async function expectRefusal(error: string, { call, by, values }: Refusal): Promise<void> {
  await expect(call(), `a refusal by ${error}`)
    .to.be.revertedWithCustomError(by, error)
    .withArgs(...values);
}

/**
 * One test for each reason to refuse, and one that no error of the interface is left out.
 *
 * @param name of the interface
 * @param known every error that the interface declares
 * @param cases error → reason → how to provoke it
 */
export function describeRefusals(
  name: string,
  known: () => Promise<readonly string[]>,
  cases: Readonly<Record<string, Readonly<Record<string, () => Promise<Refusal>>>>>,
): void {
  describe(`${name}: what it refuses`, () => {
    it("is provoked here error by error, without one left out", async () => {
      expect(Object.keys(cases).sort()).to.deep.equal([...(await known())].sort());
      for (const [error, reasons] of Object.entries(cases)) {
        expect(Object.keys(reasons), error).not.to.deep.equal([]);
      }
    });
    for (const [error, reasons] of Object.entries(cases)) {
      for (const [reason, provoke] of Object.entries(reasons)) {
        it(`${reason}: ${error}`, async () => expectRefusal(error, await provoke()));
      }
    }
  });
}

/** Events of a contract in the order in which a transaction emitted them, as plain values. */
export async function eventsOf(
  contract: { readonly interface: Interface; getAddress(): Promise<string> },
  sent: ContractTransactionResponse | Promise<ContractTransactionResponse>,
): Promise<{ name: string; values: unknown[] }[]> {
  const receipt = await (await sent).wait();
  const address = await contract.getAddress();
  return (receipt?.logs ?? [])
    .filter((log) => log.address === address)
    .map((log) => {
      const parsed = contract.interface.parseLog(log);
      if (parsed === null) throw new Error(`a log that the interface does not know: ${log.topics.join(" ")}`);
      return { name: parsed.name, values: plain(parsed.args) };
    });
}

/** Asserts that a transaction emitted this one event of the contract, with exactly these values, and no other. */
export async function expectOnlyEvent(
  contract: { readonly interface: Interface; getAddress(): Promise<string> },
  sent: ContractTransactionResponse | Promise<ContractTransactionResponse>,
  name: string,
  values: readonly unknown[],
): Promise<void> {
  expect(await eventsOf(contract, sent)).to.deep.equal([{ name, values: values.map(normal) }]);
}

/** A struct, as ethers returns it, as the list of its values. */
export function plain(result: Result): unknown[] {
  return [...result].map((value: unknown) => (value instanceof Result ? plain(value) : value));
}

/** Numbers become big integers, objects the list of their values: the form in which events come back. */
function normal(value: unknown): unknown {
  if (typeof value === "number") return BigInt(value);
  if (value instanceof Result) return plain(value);
  if (Array.isArray(value)) return value.map(normal);
  if (typeof value === "object" && value !== null) return Object.values(value).map(normal);
  return value;
}
