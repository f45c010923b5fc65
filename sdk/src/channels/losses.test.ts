// Random interleavings of requests, lost, late, repeated and reordered messages, crashes on both sides and hostile peers: nobody loses more than the last request.
import { expect } from "chai";
import fc from "fast-check";
import { AthanorError } from "../errors/athanor-error.ts";
import { Crash, ChannelWorld, WHOLE } from "../testing/channel-world.ts";
import { signReceipt, signVoucher } from "./typed-data.ts";

const RUNS = process.env["ATHANOR_AUDIT"] === undefined ? 12 : 500;
const EXPECTED = ["VoucherRefused", "ReceiptRefused", "AnswerRefused", "ChannelUnanswered"];

interface Step {
  readonly kind: string;
  /** Which message, how many tokens, how many hours: as the step needs it. */
  readonly pick: number;
}

const honest = [
  "request",
  "answer",
  "answer",
  "voucher arrives",
  "newest voucher arrives",
  "newest voucher arrives",
  "answer arrives",
  "newest answer arrives",
  "newest answer arrives",
  "resend",
  "time passes",
  "client crashes before writing",
  "client crashes after writing",
  "provider crashes before writing",
  "provider crashes after writing",
  "provider settles",
  "settlement is seen",
];

const stepsOf = (kinds: readonly string[]) =>
  fc.array(fc.record({ kind: fc.constantFrom(...kinds), pick: fc.nat(1_000) }), {
    minLength: 10,
    maxLength: 40,
  });

const at = <Item>(items: readonly Item[], pick: number): Item | undefined => items[pick % items.length];

/** A channel with an answer that is paid, one that is not, and the voucher that would pay it on its way. */
async function inUse(): Promise<ChannelWorld> {
  const world = await ChannelWorld.open();
  for (const tokens of [WHOLE, 1]) {
    await world.theirs.take(await world.request(4, WHOLE));
    await world.acknowledge((await world.answer(tokens))!);
  }
  await world.request(4, WHOLE);
  return world;
}

/** One step; refusals and crashes are what it is about, other failures are not. */
async function perform(world: ChannelWorld, step: Step, actions: Record<string, () => Promise<unknown>>) {
  try {
    await actions[step.kind]!();
  } catch (error) {
    if (error instanceof Crash) {
      world.restart("client");
      world.restart("provider");
    } else if (!(error instanceof AthanorError && EXPECTED.includes(error.code))) throw error;
  }
}

function actionsOf(world: ChannelWorld, { pick }: Step): Record<string, () => Promise<unknown>> {
  const given = <Item>(item: Item | undefined, act: (item: Item) => Promise<unknown>) =>
    item === undefined ? Promise.resolve() : act(item);
  const crash = (side: "client" | "provider", when: "before" | "after") => {
    world.stores[side].next = when;
    return Promise.resolve();
  };
  return {
    request: () => world.request(pick % 5, 1 + (pick % WHOLE)),
    answer: () => world.answer(1 + (pick % WHOLE)),
    "voucher arrives": () => given(at(world.vouchers, pick), (voucher) => world.theirs.take(voucher)),
    "newest voucher arrives": () => given(world.vouchers.at(-1), (voucher) => world.theirs.take(voucher)),
    "answer arrives": () => given(at(world.answers, pick), (answer) => world.acknowledge(answer)),
    "newest answer arrives": () => given(world.answers.at(-1), (answer) => world.acknowledge(answer)),
    resend: () => world.resend(),
    "time passes": () => {
      world.now += (pick % 40) * 3_600;
      return Promise.resolve();
    },
    "client crashes before writing": () => crash("client", "before"),
    "client crashes after writing": () => crash("client", "after"),
    "provider crashes before writing": () => crash("provider", "before"),
    "provider crashes after writing": () => crash("provider", "after"),
    "provider settles": () => world.settle(),
    "settlement is seen": () => given(at(world.settled, pick), (settled) => world.mine.noteSettled(settled)),
  };
}

/** INVARIANT: whatever happened, the provider can have the chain pay every answer that it signed a receipt of. */
async function expectProviderLosesNothing(world: ChannelWorld) {
  const settlement = await world.theirs.settlement();
  const total = settlement ? world.escrow.totalOf(settlement) : 0n;
  expect(total).to.equal(world.owed());
}

/** INVARIANT: no voucher that exists lets the chain pay more than what the client has, and the limit of one request. */
function expectClientLosesOneRequest(world: ChannelWorld, gained = world.gained()) {
  const most = gained + BigInt(WHOLE);
  for (const { message } of world.vouchers) expect(message.amount + message.limit <= most).to.equal(true);
  expect(world.escrow.paid <= most).to.equal(true);
}

/** When messages arrive again, one round brings both books together. */
async function expectGoingOn(world: ChannelWorld) {
  world.stores.client.next = undefined;
  world.stores.provider.next = undefined;
  const answer = await world.resend();
  if (answer) {
    await world.acknowledge(answer).catch((error: unknown) => {
      expect((error as AthanorError).values["field"]).to.equal("acknowledged before");
    });
  }
  await world.theirs.take(await world.mine.settleUp());
  const [mine, theirs] = [await world.mine.state(), await world.theirs.state()];
  expect(mine.receipts).to.deep.equal(theirs.receipts);
  expect(mine.amount).to.equal(theirs.amount);
  expect(theirs.amount).to.equal(String(world.owed()));
}

describe("channels: what can be lost", () => {
  it("between honest sides, nothing: and they always go on", async () => {
    await fc.assert(
      fc.asyncProperty(stepsOf(honest), async (steps) => {
        const world = await inUse();
        for (const step of steps) await perform(world, step, actionsOf(world, step));
        await expectGoingOn(world);
        await expectProviderLosesNothing(world);
        // What the client paid for and has not got, it gets for the asking.
        expectClientLosesOneRequest(world, world.owed());
      }),
      { numRuns: RUNS },
    );
  });

  it("to a hostile client, nothing: the provider has every answer paid after every step", async () => {
    const hostile = [...honest, "forged voucher", "forged voucher", "forged voucher"];
    await fc.assert(
      fc.asyncProperty(stepsOf(hostile), async (steps) => {
        const world = await inUse();
        for (const step of steps) {
          const { pick } = step;
          const forge = async () => {
            const last = pick % 3 === 0 ? at(world.vouchers, pick) : world.vouchers.at(-1);
            if (!last) return;
            const { message } = last;
            const changed = [
              { ...message, nonce: message.nonce + BigInt(pick % 7) },
              { ...message, nonce: message.nonce + 9n, amount: message.amount - 1n },
              { ...message, nonce: message.nonce + 9n, receiptCount: 0n },
              { ...message, nonce: message.nonce + 1n, limit: message.limit + BigInt(pick) },
            ][pick % 4]!;
            if (changed.amount < 0n) return;
            const voucher = await signVoucher(world.client, world.contract, world.id, changed);
            world.vouchers.push(voucher);
            await world.theirs.take(voucher);
          };
          await perform(world, step, { ...actionsOf(world, step), "forged voucher": forge });
          world.stores.provider.next = undefined;
          await expectProviderLosesNothing(world);
        }
      }),
      { numRuns: RUNS },
    );
  });

  it("to a hostile provider, one request: a client that leaves when it paid for nothing", async () => {
    const hostile = [...honest, "junk is settled", "junk arrives"];
    await fc.assert(
      fc.asyncProperty(stepsOf(hostile), async (steps) => {
        const world = await inUse();
        for (const step of steps) {
          const { pick } = step;
          // What the chain was made to pay is seen in a block: whoever paid for what never came asks for no more.
          const isRobbed = world.escrow.paid > world.gained();
          if (isRobbed && step.kind === "request") continue;
          const junkOf = async () => {
            const voucher = at(world.vouchers, pick);
            const output = voucher && world.outputOf(voucher.message.requestHash, 1);
            if (!voucher || !output) return undefined;
            // Other tokens than arrived, or more than they cost.
            const lie =
              pick % 2 === 0
                ? { outputTokensRoot: `0x${"66".repeat(32)}`, price: output.price }
                : { outputTokensRoot: output.outputTokensRoot, price: voucher.message.limit };
            const receipt = await signReceipt(world.operator, world.contract, {
              ...{ channel: world.id, nonce: voucher.message.nonce, modelRoot: output.modelRoot },
              ...{ inputRoot: output.inputRoot, outputCount: 1n, complete: false, ...lie },
              expiry: BigInt(world.now) + world.terms.receiptLife,
            });
            return { voucher, receipt, output };
          };
          const actions = {
            ...actionsOf(world, step),
            "junk is settled": async () => {
              const junk = await junkOf();
              const settled = junk && world.escrow.settle(junk);
              if (settled) world.settled.push(settled);
            },
            "junk arrives": async () => {
              const junk = await junkOf();
              if (!junk) return;
              const isLie = junk.receipt.message.price !== junk.output.price || pick % 2 === 0;
              const before = await world.mine.state();
              await world.mine.acknowledge(junk.receipt, junk.output).catch(() => undefined);
              if (isLie) expect((await world.mine.state()).amount).to.equal(before.amount);
            },
          };
          await perform(world, step, actions);
          expectClientLosesOneRequest(world);
        }
      }),
      { numRuns: RUNS },
    );
  });
});
