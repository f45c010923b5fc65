/**
 * WGSL of the permutation keccak-f[1600] (FIPS 202, section 3), on lanes of two 32-bit words, the lower one first. A state is
 * in registers: a structure with a member for each lane, and straight code for a round.
 */

/** Bytes, and words of 32 bits, that one permutation takes in for keccak256. */
export const RATE = 136;
export const RATE_WORDS = RATE / 4;
const LANES = 25;

const ROUND_CONSTANTS = [
  0x0000000000000001n,
  0x0000000000008082n,
  0x800000000000808an,
  0x8000000080008000n,
  0x000000000000808bn,
  0x0000000080000001n,
  0x8000000080008081n,
  0x8000000000008009n,
  0x000000000000008an,
  0x0000000000000088n,
  0x0000000080008009n,
  0x000000008000000an,
  0x000000008000808bn,
  0x800000000000008bn,
  0x8000000000008089n,
  0x8000000000008003n,
  0x8000000000008002n,
  0x8000000000000080n,
  0x000000000000800an,
  0x800000008000000an,
  0x8000000080008081n,
  0x8000000000008080n,
  0x0000000080000001n,
  0x8000000080008008n,
];

/** By how many bits each lane x + 5y is rotated: triangular numbers along the walk of FIPS 202, algorithm 2. */
const ROTATIONS: readonly number[] = rotations();

function rotations(): number[] {
  const bits = new Array<number>(LANES).fill(0);
  let [x, y] = [1, 0];
  for (let step = 0; step < LANES - 1; step++) {
    bits[x + 5 * y] = (((step + 1) * (step + 2)) / 2) % 64;
    [x, y] = [y, (2 * x + 3 * y) % 5];
  }
  return bits;
}

/** The member of word `index` of the state, 0 to 49. */
export function stateWord(index: number): string {
  return `state.lane${Math.floor(index / 2)}.${index % 2 === 0 ? "x" : "y"}`;
}

/** WGSL: `State`, and `permuted(State) -> State`. */
export const PERMUTATION = /* wgsl */ `
struct State {
${list(LANES, (lane) => `  lane${lane}: vec2<u32>,`)}
}

const ROUND_CONSTANTS = array<vec2<u32>, ${ROUND_CONSTANTS.length}>(
${ROUND_CONSTANTS.map((constant) => `  vec2(${constant & 0xffffffffn}u, ${constant >> 32n}u),`).join("\n")}
);

fn permuted(start: State) -> State {
  var state = start;
  for (var round = 0u; round < ${ROUND_CONSTANTS.length}u; round++) {
${list(5, (x) => `    let column${x} = ${[0, 1, 2, 3, 4].map((y) => `state.lane${x + 5 * y}`).join(" ^ ")};`)}
${list(5, (x) => `    let change${x} = column${(x + 4) % 5} ^ ${rotated(`column${(x + 1) % 5}`, 1)};`)}
${list(LANES, (lane) => `    let mixed${lane} = state.lane${lane} ^ change${lane % 5};`)}
${list(LANES, (lane) => `    let moved${movedTo(lane)} = ${rotated(`mixed${lane}`, ROTATIONS[lane]!)};`)}
${list(LANES, (lane) => `    state.lane${lane} = moved${lane} ^ (~moved${inRow(lane, 1)} & moved${inRow(lane, 2)});`)}
    state.lane0 ^= ROUND_CONSTANTS[round];
  }
  return state;
}
`;

function list(count: number, line: (index: number) => string): string {
  return Array.from({ length: count }, (_, index) => line(index)).join("\n");
}

function movedTo(lane: number): number {
  const [x, y] = [lane % 5, Math.floor(lane / 5)];
  return y + 5 * ((2 * x + 3 * y) % 5);
}

function inRow(lane: number, step: number): number {
  return 5 * Math.floor(lane / 5) + ((lane + step) % 5);
}

/** A lane rotated to the left. */
function rotated(lane: string, bits: number): string {
  if (bits === 0) return lane;
  const [low, high] = bits < 32 ? ["x", "y"] : ["y", "x"];
  const rest = bits % 32;
  const word = (upper: string, lower: string) =>
    `(${lane}.${upper} << ${rest}u) | (${lane}.${lower} >> ${32 - rest}u)`;
  return `vec2(${word(low, high)}, ${word(high, low)})`;
}
