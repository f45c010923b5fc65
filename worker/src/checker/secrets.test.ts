import { expect } from "chai";
import { dataSlice, getBytes, id, Wallet } from "ethers";
import { createHmac } from "node:crypto";
import { inspect } from "node:util";
import { openPinoLog } from "../log/pino-log.ts";
import { scrubber } from "../log/scrub.ts";
import { secretsOf, type SecretPlace, type SecretUse } from "./secrets.ts";

const wallet = new Wallet(id("operator"));
const addressOf = (name: string) => dataSlice(id(name), 12);
const place: SecretPlace = {
  chainId: 31_337n,
  contract: addressOf("contract"),
  checker: addressOf("checker"),
  epoch: 7,
};

describe("a checker's secrets", () => {
  it("are what HKDF-SHA256 gives, written out after RFC 5869", () => {
    const hmac = (key: Uint8Array | string, ...parts: (Uint8Array | string)[]) => {
      const hash = createHmac("sha256", key);
      for (const part of parts) hash.update(part);
      return hash.digest();
    };
    const word = (value: string) => value.replace("0x", "").padStart(64, "0");
    const info = [
      word("c0"), // where the text is
      word((31_337).toString(16)),
      word(place.contract),
      word(place.checker),
      word("7"),
      word("100"), // where the subject is
      word("6"),
      Buffer.from("secret").toString("hex").padEnd(64, "0"),
      word("0"),
    ].join("");
    const extracted = hmac("Athanor.CheckerSecrets", getBytes(wallet.privateKey));
    const expanded = hmac(extracted, Buffer.from(info, "hex"), new Uint8Array([1]));
    expect(secretsOf(wallet)("secret", place)).to.equal(`0x${expanded.toString("hex")}`);
  });

  it("are the same again, and others for another use, chain, contract, checker, epoch, subject or key", () => {
    const derive = secretsOf(wallet);
    const uses: SecretUse[] = ["secret", "blinding"];
    const others: Partial<SecretPlace>[] = [
      { chainId: 1n },
      { contract: addressOf("another contract") },
      { checker: addressOf("another checker") },
      { epoch: 8 },
      { subject: addressOf("provider") },
      { subject: addressOf("another provider") },
      { subject: id("job") },
    ];
    const all = [
      ...uses.map((use) => derive(use, place)),
      ...others.map((other) => derive("secret", { ...place, ...other })),
      secretsOf(new Wallet(id("another operator")))("secret", place),
    ];
    expect(new Set(all).size).to.equal(uses.length + others.length + 1);
    for (const secret of all) expect(secret).to.match(/^0x[0-9a-f]{64}$/);
    expect(secretsOf(new Wallet(wallet.privateKey))("secret", place)).to.equal(all[0]);
  });

  it("do not show in what is logged of that which derives them", () => {
    const derive = secretsOf(wallet);
    const lines: string[] = [];
    const log = openPinoLog("debug", (line) => lines.push(line), scrubber([]));
    log.emit("info", "starting", { operator: { address: wallet.address, derive } });
    const said = lines.join("") + inspect({ derive }, { depth: 9, showHidden: true });
    expect(said).to.contain(wallet.address);
    expect(said).to.not.contain(wallet.privateKey.slice(2));
    expect(said).to.not.contain(derive("secret", place).slice(2));
  });
});
