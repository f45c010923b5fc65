import { available, burnt, staked, unbonding, type Ledger } from "./ledger.ts";

const ATH = "ATH";

/** What the vault and the registry know of a provider beside its money. Amounts in ATH units. */
export interface StakeAccount {
  locked: bigint;
  openWork: number;
  jailed: boolean;
  /** Of `locked`: hardware and fraud deposit, freed at deregistration. */
  reserved: bigint;
  fraudDeposit: bigint;
  registered: boolean;
}

/** Stakes as docs/protocol.md, "Money" and "Providers", has them. */
export class Stakes {
  readonly #ledger: Ledger;
  readonly #accounts = new Map<string, StakeAccount>();

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  of(owner: string): StakeAccount {
    let account = this.#accounts.get(owner);
    if (!account) {
      account = { locked: 0n, openWork: 0, jailed: false, reserved: 0n, fraudDeposit: 0n, registered: false };
      this.#accounts.set(owner, account);
    }
    return account;
  }

  freeOf(owner: string): bigint {
    return this.#ledger.at(staked(owner)) - this.of(owner).locked;
  }

  stake(owner: string, amount: bigint): void {
    this.#ledger.move(amount, available(ATH, owner), staked(owner), "stakes");
  }

  /** @param hardware ATH units for all its classes */
  register(owner: string, hardware: bigint, fraudDeposit: bigint): void {
    const account = this.of(owner);
    account.registered = true;
    account.fraudDeposit = fraudDeposit;
    account.reserved = hardware + fraudDeposit;
    account.locked += account.reserved;
  }

  changeHardware(owner: string, hardware: bigint): void {
    const account = this.of(owner);
    const reserved = hardware + account.fraudDeposit;
    account.locked += reserved - account.reserved;
    account.reserved = reserved;
  }

  deregister(owner: string): void {
    const account = this.of(owner);
    account.locked -= account.reserved;
    account.reserved = account.fraudDeposit = 0n;
    account.registered = false;
  }

  unbond(owner: string, amount: bigint): void {
    this.#ledger.move(amount, staked(owner), unbonding(owner), "unbonds");
  }

  claim(owner: string): void {
    const amount = this.#ledger.at(unbonding(owner));
    this.#ledger.move(amount, unbonding(owner), available(ATH, owner), "claims what has unbonded");
  }

  openWork(owner: string, lock: bigint): void {
    const account = this.of(owner);
    account.locked += lock;
    account.openWork++;
  }

  endWork(owner: string, lock: bigint): void {
    const account = this.of(owner);
    account.locked -= lock;
    account.openWork--;
  }

  /** The whole fraud deposit is forfeited: `payout` goes to the dispute game's account, the rest burns. */
  convict(owner: string, payout: bigint): void {
    const account = this.of(owner);
    const deposit = account.fraudDeposit;
    this.#ledger.move(payout, staked(owner), available(ATH, "dispute game"), "is convicted");
    this.#ledger.move(deposit - payout, staked(owner), burnt(ATH), "is convicted");
    account.locked -= deposit;
    account.reserved -= deposit;
    account.fraudDeposit = 0n;
    account.jailed = true;
  }
}
