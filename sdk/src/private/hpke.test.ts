import { expect } from "chai";
import { getBytes, hexlify } from "ethers";
import { readFile } from "node:fs/promises";
import { EncryptionKey, publicKeyOf } from "./encryption-key.ts";
import { hpke, unshared } from "./suite.ts";

/** RFC 9180, appendix A.1.1, and the rows of its test vectors for this suite. */
interface Vector {
  info: string;
  ephemeralSeed: string;
  recipientSeed: string;
  recipientPublicKey: string;
  encapsulated: string;
  encryptions: { aad: string; plaintext: string; ciphertext: string }[];
  exports: { context: string; length: number; value: string }[];
}

const buffer = (hex: string) => unshared(getBytes(hex)).buffer;

describe("HPKE", () => {
  let vector: Vector;
  before(async () => {
    const file = new URL("../../vectors/rfc9180-a1.json", import.meta.url);
    vector = JSON.parse(await readFile(file, "utf8")) as Vector;
  });

  it("derives keys as RFC 9180 does", async () => {
    const { publicKey } = await EncryptionKey.fromSeed(getBytes(vector.recipientSeed));
    expect(publicKey).to.equal(vector.recipientPublicKey);
  });

  it("seals as RFC 9180 does", async () => {
    const context = await hpke.createSenderContext({
      recipientPublicKey: await publicKeyOf(vector.recipientPublicKey),
      info: buffer(vector.info),
      ekm: await hpke.kem.deriveKeyPair(buffer(vector.ephemeralSeed)),
    });
    expect(hexlify(new Uint8Array(context.enc))).to.equal(vector.encapsulated);
    expect(vector.encryptions.length).to.be.greaterThan(1);
    for (const { aad, plaintext, ciphertext } of vector.encryptions) {
      const sealed = await context.seal(buffer(plaintext), buffer(aad));
      expect(hexlify(new Uint8Array(sealed))).to.equal(ciphertext);
    }
  });

  it("opens and exports as RFC 9180 does", async () => {
    const key = await EncryptionKey.fromSeed(getBytes(vector.recipientSeed));
    const context = await key.context(buffer(vector.encapsulated), buffer(vector.info));
    for (const { aad, plaintext, ciphertext } of vector.encryptions) {
      const opened = await context.open(buffer(ciphertext), buffer(aad));
      expect(hexlify(new Uint8Array(opened))).to.equal(plaintext);
    }
    expect(vector.exports).to.have.length(3);
    for (const { context: label, length, value } of vector.exports) {
      const exported = await context.export(buffer(label), length);
      expect(hexlify(new Uint8Array(exported))).to.equal(value);
    }
  });
});
