/** Waits until a condition holds; fails with its name after half a minute, which only a defect takes. */
export async function eventually(condition: () => boolean | Promise<boolean>, name: string): Promise<void> {
  for (let waited = 0; waited < 30_000; waited += 10) {
    if (await condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`did not happen: ${name}`);
}
