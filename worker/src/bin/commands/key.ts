import type { Command } from "commander";
import { Wallet } from "ethers";
import { WorkerError } from "../../errors.ts";
import { createEncryptionKeystore } from "../../keys/encryption-keystore.ts";
import { walletFromSecret } from "../../keys/import.ts";
import { readKeystore, writeKeystore } from "../../keys/keystore.ts";
import { readPassword, readSecretFrom } from "../../keys/password.ts";
import { print } from "../session.ts";
import { isInteractive, secretPrompt } from "../terminal.ts";
import { fileDescriptor } from "./provider.ts";

interface NewKeyOptions {
  readonly out: string;
  readonly passwordFd?: number;
  readonly keyFd?: number;
}

export function addKeyCommands(program: Command): void {
  const key = program.command("key").description("Encrypted keystore files.");

  key
    .command("create")
    .description("Make a new key and print its address.")
    .requiredOption("--out <file>", "the keystore to write; never overwrites one")
    .option("--password-fd <number>", "read the password from this file descriptor", fileDescriptor)
    .action(async (options: NewKeyOptions) => {
      const wallet = new Wallet(Wallet.createRandom().signingKey);
      await writeKeystore(options.out, wallet, await newPassword(options));
      print(wallet.address);
    });

  key
    .command("create-encryption")
    .description("Make a new key to which clients seal private requests, and print its public part.")
    .requiredOption("--out <file>", "the keystore to write; never overwrites one")
    .option("--password-fd <number>", "read the password from this file descriptor", fileDescriptor)
    .action(async (options: NewKeyOptions) => {
      print(await createEncryptionKeystore(options.out, await newPassword(options)));
    });

  key
    .command("import")
    .description("Encrypt an existing private key or recovery phrase and print its address.")
    .requiredOption("--out <file>", "the keystore to write; never overwrites one")
    .option(
      "--key-fd <number>",
      "read the key from this file descriptor instead of asking for it",
      fileDescriptor,
    )
    .option("--password-fd <number>", "read the password from this file descriptor", fileDescriptor)
    .action(async (options: NewKeyOptions) => {
      const wallet = walletFromSecret(await existingKey(options));
      await writeKeystore(options.out, wallet, await newPassword(options));
      print(wallet.address);
    });

  key
    .command("address")
    .description("Print the address that a keystore claims to hold; needs no password.")
    .argument("<file>", "the keystore")
    .action(async (file: string) => print((await readKeystore(file)).address));
}

async function existingKey({ keyFd }: NewKeyOptions): Promise<string> {
  if (keyFd !== undefined) return readSecretFrom(keyFd);
  if (isInteractive()) return secretPrompt.ask("Private key or recovery phrase");
  throw new WorkerError("KEY_INVALID", "There is no terminal to ask for the key.", {
    remedy:
      "Pass --key-fd N and write the key to that file descriptor: a command line is visible to every user.",
  });
}

async function newPassword({ passwordFd }: NewKeyOptions): Promise<string> {
  const prompt = isInteractive() ? secretPrompt : undefined;
  const password = await readPassword("New password", {
    descriptor: passwordFd,
    environment: process.env,
    prompt,
  });
  if (password.length < 8) {
    throw new WorkerError(
      "PASSWORD_MISSING",
      `The password has ${password.length} characters; at least 8 are needed.`,
      {
        remedy: "Choose a longer one: whoever copies the file can guess at it for ever.",
      },
    );
  }
  // Asked for twice only where it was typed: a mistyped password is a lost key.
  const typed =
    passwordFd === undefined &&
    process.env["ATHANOR_KEYSTORE_PASSWORD"] === undefined &&
    prompt !== undefined;
  if (typed && (await prompt.ask("Again")) !== password) {
    throw new WorkerError("PASSWORD_WRONG", "The two passwords differ.", {
      remedy: "Run the command again.",
    });
  }
  return password;
}
