// Every parameter that governance sets is bounded: each is tried at both its bounds, and one beyond; none can be forgotten.
import { expect } from "chai";
import type { ParamType } from "ethers";
import { PARAMETERS, refusalOf, UNBOUNDED, type Governed, type Parameter } from "../support/parameters.ts";
import { RESTRICTED } from "../support/restricted.ts";
import { freshSystem } from "../support/system.ts";

const nameOf = ({ contract, setter, field, of }: Parameter) =>
  `${contract}.${setter} ${field}${of === undefined ? "" : ` of ${of}`}`;

/** The members of structs stand for the struct. */
const leavesOf = (inputs: readonly ParamType[]): string[] =>
  inputs.flatMap(({ name, components }) => (components === null ? [name] : leavesOf(components)));

const typeOf = (inputs: readonly ParamType[], field: string): string | undefined => {
  for (const { name, type, components } of inputs) {
    const found = components === null ? (name === field ? type : undefined) : typeOf(components, field);
    if (found !== undefined) return found;
  }
  return undefined;
};

describe("parameters", () => {
  it("all arguments of all governed functions are here, as the ABIs have them", async () => {
    const system = await freshSystem();
    for (const contract of Object.keys(RESTRICTED) as Governed[]) {
      for (const setter of Object.keys(RESTRICTED[contract])) {
        const { inputs } = system[contract].interface.getFunction(setter as never);
        const name = `${contract}.${setter}`;
        const bounded = PARAMETERS.filter((each) => each.contract === contract && each.setter === setter);
        const known = [...new Set(bounded.map(({ field }) => field)), ...Object.keys(UNBOUNDED[name] ?? {})];
        expect(known.sort(), name).to.deep.equal(leavesOf(inputs).sort());
      }
    }
  });

  for (const parameter of PARAMETERS) {
    const [minimum, maximum] = parameter.bounds;
    for (const value of [minimum, maximum]) {
      it(`${nameOf(parameter)}: ${value} is accepted`, async () => {
        const system = await freshSystem();
        await parameter.set(system, value);
        const found = await parameter.read(system);
        if (found !== undefined) expect(found).to.equal(value);
      });
    }
    // A type without such a number refuses it before any contract does.
    const representable = async (value: bigint) => {
      const system = await freshSystem();
      const { inputs } = system[parameter.contract].interface.getFunction(parameter.setter as never);
      const bits = Number(/^uint(\d+)$/.exec(typeOf(inputs, parameter.field)!)![1]);
      return value >= 0n && value < 2n ** BigInt(bits);
    };
    for (const value of [minimum - 1n, maximum + 1n]) {
      if (value < 0n) continue;
      it(`${nameOf(parameter)}: ${value} is refused`, async () => {
        const system = await freshSystem();
        expect(await representable(value), "the type has room for it").to.equal(true);
        const { error, values } = refusalOf(parameter, value, system);
        await expect(parameter.set(system, value))
          .to.be.revertedWithCustomError(system[parameter.contract], error)
          .withArgs(...values);
      });
    }
  }
});
