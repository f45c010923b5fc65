import { Mnemonic, HDNodeWallet, Wallet } from "ethers";
import { WorkerError } from "../errors.ts";

/**
 * The wallet of a private key (64 hexadecimal digits, 0x or not) or of a BIP-39 phrase (its first account, m/44'/60'/0'/0/0).
 *
 * @throws WorkerError KEY_INVALID, without showing what was given
 */
export function walletFromSecret(secret: string): Wallet {
  const text = secret.trim();
  try {
    if (/^(0x)?[0-9a-fA-F]{64}$/.test(text)) return new Wallet(text.startsWith("0x") ? text : `0x${text}`);
    const phrase = text.split(/\s+/).join(" ");
    if (Mnemonic.isValidMnemonic(phrase)) {
      return new Wallet(HDNodeWallet.fromMnemonic(Mnemonic.fromPhrase(phrase)).signingKey);
    }
  } catch {
    // Falls through to the refusal: ethers' error would show the key.
  }
  throw new WorkerError("KEY_INVALID", "This is neither a private key nor a recovery phrase.", {
    remedy: "A private key is 64 hexadecimal digits; a recovery phrase is 12 to 24 words of the BIP-39 list.",
  });
}
