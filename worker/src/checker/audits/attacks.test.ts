// What auditors are attacked with, and attack with, played by the daemon against the real game: docs/checkers.md, sections 5 and 9.
import type { Disputes } from "@athanor/sdk/disputes";
import type { AthanorError } from "@athanor/sdk/protocol";
import { expect } from "chai";
import { parseEther, Wallet } from "ethers";
import { EPOCH, setUpAuditWorld, type Auditor, type Member } from "../../testing/audit-world.ts";
import { eventually } from "../../testing/eventually.ts";

/** Longer than after which a checker asks for a round, shorter than the window. */
const HALF_WINDOW = 1_900;
const STAKE = parseEther("10000");
/** What the deployed parameters take for a false attestation. */
const PENALTY = parseEther("400");

const movesOf = ({ log }: Auditor) => log.of("checker.move").map(({ move }) => move);

describe("attacks on audits", function () {
  this.timeout(240_000);
  const world = setUpAuditWorld();

  const memberOf = (index: number): Member => world.members[index]!;
  const lockedOf = async ({ owner }: Member) =>
    (await world.contracts.checkers.checkerOf(owner.address)).locked;
  const attestationOf = ({ owner }: Member, id: string) =>
    world.contracts.resultAudits.attestationOf(id, owner.address);
  const game = () => world.chain.contracts.disputeGame;

  /** The provider defends its result until the auditor's challenge of it is decided. */
  async function defended(liar: Disputes, id: string, auditor: Auditor): Promise<void> {
    await eventually(async () => {
      // In the end nothing is left to say.
      await liar.defend(id, { once: true }).catch(() => undefined);
      return auditor.log.of("result.challenged", id).length > 0;
    }, "a verdict");
  }

  it("a lazy auditor attests to a leaked wrong root: a step convicts the provider, and the finder is paid for showing the lie", async () => {
    const [honest, lazy] = [memberOf(0), memberOf(1)];
    const { id, terms } = await world.submit(world.wrongAnswer);
    const liar = await world.party(world.operator, { executor: world.faulty });
    const leaked = await liar.recompute(id);
    expect(leaked.honest).to.equal(true);
    await world.chain.pass(HALF_WINDOW);
    const auditor = await world.auditor(honest);
    const accomplice = await world.auditor(lazy, { models: new Set() });
    await auditor.until(() => movesOf(auditor).includes("fixRound"), "the round");
    const lie = await world.attestBlindly(lazy, id, leaked.positionsRoot);
    await auditor.until(() => auditor.log.of("result.wrong", id).length > 0, "the result is found wrong");
    await defended(liar, id, auditor);
    expect(auditor.log.of("result.challenged", id)[0]).to.include({ status: "won", byTimeout: false });
    expect(await game().isProvenWrong(id)).to.equal(true);
    expect(await world.chain.status(id)).to.equal("Refunded");

    await world.toEpoch(EPOCH + 1, auditor, accomplice);
    await world.toEpoch(EPOCH + 2, auditor, accomplice);
    await lie.reveal(terms);
    const { ath } = world.chain.contracts;
    const before = await ath.balanceOf(honest.operator.address);
    await auditor.settle();
    expect((await ath.balanceOf(honest.operator.address)) - before).to.equal(PENALTY / 10n);
    expect(await lockedOf(lazy)).to.equal(STAKE - PENALTY);
    expect(auditor.log.of("audit.lie", id)).to.deep.equal([
      { jobId: id, checker: lazy.owner.address, positionsRoot: leaked.positionsRoot },
    ]);
    // It said nothing itself, and has nothing left to do.
    expect(movesOf(auditor)).to.not.include("attest");
    expect(await lockedOf(honest)).to.equal(STAKE);
    await world.toEpoch(EPOCH + 3, auditor);
    expect(movesOf(auditor).filter((move) => move === "punishAttestation")).to.have.length(1);
    expect(auditor.audits.provenWrong()).to.deep.equal([]);
    expect(auditor.audits.audits()).to.deep.equal([]);
  });

  it("an honest attestation is never punished when the provider lets the clock run out", async () => {
    const [first, second, attacker] = [memberOf(0), memberOf(1), memberOf(2)];
    const auditors = [await world.auditor(first), await world.auditor(second)];
    const { id, terms } = await world.submit(world.answer);
    await world.chain.pass(HALF_WINDOW);
    for (const auditor of auditors) {
      await auditor.until(() => movesOf(auditor).includes("attest"), "an attestation");
    }
    // The provider's accomplice challenges a right result; the provider shows its trace, and then says nothing.
    const accomplice = new Wallet(Wallet.createRandom().privateKey);
    await world.chain.fund(accomplice.address);
    const griefer = await world.party(accomplice, { executor: world.faulty });
    const provider = await world.party(world.operator);
    const enough = new AbortController();
    let challengeId = "";
    const played = griefer
      .challenge(id, {
        signal: enough.signal,
        onMove: (move) => {
          ({ challengeId } = move);
          if (move.kind === "narrow") enough.abort();
        },
      })
      .catch(() => undefined);
    await eventually(async () => {
      await provider.defend(id, { once: true });
      return (await game().resultOf(id)).tracedAt > 0n;
    }, "the trace is shown");
    await played;
    const { side, deadline } = await game().turnOf(challengeId);
    expect(side).to.equal(0n);
    await world.chain.pass(Number(deadline) - (await world.chain.now()) + 1);
    await game().timeout(challengeId);
    expect((await world.chain.contracts.vault.stakeOf(world.owner.address)).jailed).to.equal(true);
    expect(await game().isProvenWrong(id)).to.equal(false);

    await world.toEpoch(EPOCH + 1, ...auditors);
    await world.toEpoch(EPOCH + 2, ...auditors);
    const { positionsRoot } = await game().resultOf(id);
    const { resultAudits, checkerPay } = world.contracts;
    const { checkers } = (await world.auditor(attacker)).context;
    for (const { owner } of [first, second]) {
      const refused = await checkers.punishAttestation(id, owner.address).catch((error: unknown) => error);
      expect((refused as AthanorError).code).to.equal("NotProvenFalse");
    }
    await world.chain.contracts.jobEscrow.refund(terms, accomplice.address);
    await world.toEpoch(EPOCH + 3, ...auditors);
    for (const { owner } of [first, second]) {
      expect((await resultAudits.attestationOf(id, owner.address)).positionsRoot).to.equal(positionsRoot);
      expect((await resultAudits.attestationOf(id, owner.address)).closed).to.equal(true);
      expect(await checkerPay.sharesOf(EPOCH + 1, owner.address)).to.equal(1n);
      expect(await lockedOf({ owner, operator: owner })).to.equal(STAKE);
    }
    for (const auditor of auditors) expect(auditor.log.of("audit.false")).to.deep.equal([]);
  });

  it("whose own machine computes wrong says so loudly, reveals nothing, and takes nothing for it", async () => {
    const [broken, honest] = [memberOf(0), memberOf(1)];
    const { id } = await world.submit(world.wrongAnswer);
    await world.chain.pass(HALF_WINDOW);
    const failing = await world.auditor(broken, { executor: world.faulty });
    await failing.until(() => movesOf(failing).includes("attest"), "an attestation");
    const auditor = await world.auditor(honest);
    await auditor.until(() => auditor.log.of("result.wrong", id).length > 0, "the result is found wrong");
    await defended(await world.party(world.operator, { executor: world.faulty }), id, auditor);
    for (let later = 1; later <= 3; later++) await world.toEpoch(EPOCH + later, failing, auditor);
    expect(failing.log.of("audit.false", id)).to.have.length(1);
    const [said] = failing.log.events.filter(({ event }) => event === "audit.false");
    expect(said!.level).to.equal("error");
    expect(await failing.metrics()).to.contain('athanor_audits_total{event="false"} 1\n');
    expect((await attestationOf(broken, id)).epoch).to.equal(0n);
    for (const each of [failing, auditor]) {
      expect(movesOf(each)).to.not.include("revealAttestation").and.not.include("punishAttestation");
    }
    expect(await lockedOf(broken)).to.equal(STAKE);
  });

  it("a challenge that takes a larger bond than allowed is not made, and nothing is attested to", async () => {
    const { id } = await world.submit(world.wrongAnswer);
    await world.chain.pass(HALF_WINDOW);
    const auditor = await world.auditor(memberOf(0), { maximumBond: 1n });
    await auditor.until(
      () => auditor.log.of("warning").some(({ code }) => code === "BondAboveLimit"),
      "the refusal",
    );
    await auditor.rest();
    expect(auditor.audits.audit(id)!.stage).to.equal("over");
    expect(movesOf(auditor)).to.not.include("attest");
    expect(await world.chain.status(id)).to.equal("Submitted");
  });
});
