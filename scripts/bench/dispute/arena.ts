import { network } from "hardhat";
import type {} from "@nomicfoundation/hardhat-toolbox-mocha-ethers";
import type { Signer } from "ethers";
import { programParts } from "../../../engine/src/program/encode.ts";
import type { Program } from "../../../engine/src/program/program.ts";
import localAthanor from "../../../ignition/modules/LocalAthanor.ts";
import type { Deployment } from "../../../sdk/src/protocol/deployment.ts";
import { type AthanorContracts, connectContracts } from "../../../sdk/src/protocol/connect-contracts.ts";
import { uploadProgram } from "../../../sdk/src/protocol/upload-program.ts";

export interface Player extends Signer {
  readonly address: string;
}

/** A chain with the protocol, one program, a provider, a client and a challenger. */
export interface Arena {
  readonly deployment: Deployment;
  readonly owner: Player;
  readonly operator: Player;
  readonly client: Player;
  readonly challenger: Player;
  as(player: Player): AthanorContracts;
  /** Seconds since 1970, of the latest block. */
  now(): Promise<number>;
  /** Does something and takes the chain back to before it. */
  undoing<Result>(play: () => Promise<Result>): Promise<Result>;
  close(): Promise<void>;
}

const ONE = 10n ** 18n;
const NOBODY = `0x${"00".repeat(20)}`;

export async function openArena(program: Program): Promise<Arena> {
  const connection = await network.create();
  const deployed = await connection.ignition.deploy(localAthanor);
  const [administrator, owner, operator, client, challenger] = (await connection.ethers.getSigners()) as [
    Player,
    ...Player[],
  ] as [Player, Player, Player, Player, Player];
  const addressOf = (name: keyof typeof deployed) => deployed[name].getAddress();
  const deployment: Deployment = {
    ath: await addressOf("ath"),
    vault: await addressOf("vault"),
    programRegistry: await addressOf("programRegistry"),
    modelRegistry: await addressOf("modelRegistry"),
    providerRegistry: await addressOf("providerRegistry"),
    jobEscrow: await addressOf("jobEscrow"),
    channelEscrow: await addressOf("channelEscrow"),
    receiptResults: await addressOf("receiptResults"),
    resultSources: await addressOf("resultSources"),
    disputeGame: await addressOf("disputeGame"),
  };
  const as = (player: Player) => connectContracts(player, deployment);
  const { vault, providerRegistry } = as(owner);
  for (const account of [owner, client]) {
    await (await as(administrator).ath.transfer(account, 50_000n * ONE)).wait();
    await (await as(account).ath.approve(deployment.vault, 50_000n * ONE)).wait();
    await (await as(account).vault.deposit(deployment.ath, 50_000n * ONE, account)).wait();
  }
  await (await as(client).vault.approveModules(deployment.ath, 0b11)).wait();
  await (await vault.approveStakeModules(0b11)).wait();
  await (await vault.stake(40_000n * ONE)).wait();
  const profile = {
    ...{ operator: operator.address, watchtower: NOBODY, encryptionKey: `0x${"00".repeat(32)}` },
    ...{ endpoint: "", hardware: [{ hardwareClass: 0, count: 1 }] },
  };
  await (await providerRegistry.register(profile)).wait();
  await uploadProgram(as(owner), programParts(program));
  return {
    ...{ deployment, owner, operator, client, challenger, as },
    now: async () => (await connection.ethers.provider.getBlock("latest"))!.timestamp,
    async undoing(play) {
      const snapshot = await connection.networkHelpers.takeSnapshot();
      try {
        return await play();
      } finally {
        await snapshot.restore();
      }
    },
    close: () => connection.close(),
  };
}
