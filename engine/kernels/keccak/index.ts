/**
 * keccak256 of two messages at once, one in each half of every vector: trees have many leaves and nodes of one length.
 * `npm run kernels -w @athanor/engine` compiles this to src/commitments/keccak.generated.ts.
 */

/** Bytes that one permutation takes in. */
const RATE = 136;
const LANES = 25;
const ROUNDS = 24;

const ROUND_CONSTANTS: usize = memory.data<u64>([
  0x0000000000000001, 0x0000000000008082, 0x800000000000808a, 0x8000000080008000, 0x000000000000808b,
  0x0000000080000001, 0x8000000080008081, 0x8000000000008009, 0x000000000000008a, 0x0000000000000088,
  0x0000000080008009, 0x000000008000000a, 0x000000008000808b, 0x800000000000008b, 0x8000000000008089,
  0x8000000000008003, 0x8000000000008002, 0x8000000000000080, 0x000000000000800a, 0x800000008000000a,
  0x8000000080008081, 0x8000000000008080, 0x0000000080000001, 0x8000000080008008,
]);
/** The states of both messages, lane by lane, and those of the next round. */
const STATE: usize = memory.data(LANES << 4, 16);
const NEXT: usize = memory.data(LANES << 4, 16);
/** Two nodes: tag, level, both children. */
const NODE_BYTES = 66;
const NODES: usize = memory.data(256, 16);

/** Where callers may put messages and read digests; they grow the memory as they need it. */
export const FREE: usize = __heap_base;

function rotated(lanes: v128, bits: i32): v128 {
  return v128.or(i64x2.shl(lanes, bits), i64x2.shr_u(lanes, 64 - bits));
}

function round(from: usize, to: usize, index: i32): void {
  const constant = v128.load64_splat(ROUND_CONSTANTS + (index << 3));
  const c0 = v128.xor(
    v128.xor(
      v128.xor(v128.xor(v128.load(from, 0), v128.load(from, 80)), v128.load(from, 160)),
      v128.load(from, 240),
    ),
    v128.load(from, 320),
  );
  const c1 = v128.xor(
    v128.xor(
      v128.xor(v128.xor(v128.load(from, 16), v128.load(from, 96)), v128.load(from, 176)),
      v128.load(from, 256),
    ),
    v128.load(from, 336),
  );
  const c2 = v128.xor(
    v128.xor(
      v128.xor(v128.xor(v128.load(from, 32), v128.load(from, 112)), v128.load(from, 192)),
      v128.load(from, 272),
    ),
    v128.load(from, 352),
  );
  const c3 = v128.xor(
    v128.xor(
      v128.xor(v128.xor(v128.load(from, 48), v128.load(from, 128)), v128.load(from, 208)),
      v128.load(from, 288),
    ),
    v128.load(from, 368),
  );
  const c4 = v128.xor(
    v128.xor(
      v128.xor(v128.xor(v128.load(from, 64), v128.load(from, 144)), v128.load(from, 224)),
      v128.load(from, 304),
    ),
    v128.load(from, 384),
  );
  const d0 = v128.xor(c4, rotated(c1, 1));
  const d1 = v128.xor(c0, rotated(c2, 1));
  const d2 = v128.xor(c1, rotated(c3, 1));
  const d3 = v128.xor(c2, rotated(c4, 1));
  const d4 = v128.xor(c3, rotated(c0, 1));
  let b0: v128;
  let b1: v128;
  let b2: v128;
  let b3: v128;
  let b4: v128;

  b0 = v128.xor(v128.load(from, 0), d0);
  b1 = rotated(v128.xor(v128.load(from, 96), d1), 44);
  b2 = rotated(v128.xor(v128.load(from, 192), d2), 43);
  b3 = rotated(v128.xor(v128.load(from, 288), d3), 21);
  b4 = rotated(v128.xor(v128.load(from, 384), d4), 14);
  v128.store(to, v128.xor(v128.xor(b0, v128.andnot(b2, b1)), constant), 0);
  v128.store(to, v128.xor(b1, v128.andnot(b3, b2)), 16);
  v128.store(to, v128.xor(b2, v128.andnot(b4, b3)), 32);
  v128.store(to, v128.xor(b3, v128.andnot(b0, b4)), 48);
  v128.store(to, v128.xor(b4, v128.andnot(b1, b0)), 64);

  b0 = rotated(v128.xor(v128.load(from, 48), d3), 28);
  b1 = rotated(v128.xor(v128.load(from, 144), d4), 20);
  b2 = rotated(v128.xor(v128.load(from, 160), d0), 3);
  b3 = rotated(v128.xor(v128.load(from, 256), d1), 45);
  b4 = rotated(v128.xor(v128.load(from, 352), d2), 61);
  v128.store(to, v128.xor(b0, v128.andnot(b2, b1)), 80);
  v128.store(to, v128.xor(b1, v128.andnot(b3, b2)), 96);
  v128.store(to, v128.xor(b2, v128.andnot(b4, b3)), 112);
  v128.store(to, v128.xor(b3, v128.andnot(b0, b4)), 128);
  v128.store(to, v128.xor(b4, v128.andnot(b1, b0)), 144);

  b0 = rotated(v128.xor(v128.load(from, 16), d1), 1);
  b1 = rotated(v128.xor(v128.load(from, 112), d2), 6);
  b2 = rotated(v128.xor(v128.load(from, 208), d3), 25);
  b3 = rotated(v128.xor(v128.load(from, 304), d4), 8);
  b4 = rotated(v128.xor(v128.load(from, 320), d0), 18);
  v128.store(to, v128.xor(b0, v128.andnot(b2, b1)), 160);
  v128.store(to, v128.xor(b1, v128.andnot(b3, b2)), 176);
  v128.store(to, v128.xor(b2, v128.andnot(b4, b3)), 192);
  v128.store(to, v128.xor(b3, v128.andnot(b0, b4)), 208);
  v128.store(to, v128.xor(b4, v128.andnot(b1, b0)), 224);

  b0 = rotated(v128.xor(v128.load(from, 64), d4), 27);
  b1 = rotated(v128.xor(v128.load(from, 80), d0), 36);
  b2 = rotated(v128.xor(v128.load(from, 176), d1), 10);
  b3 = rotated(v128.xor(v128.load(from, 272), d2), 15);
  b4 = rotated(v128.xor(v128.load(from, 368), d3), 56);
  v128.store(to, v128.xor(b0, v128.andnot(b2, b1)), 240);
  v128.store(to, v128.xor(b1, v128.andnot(b3, b2)), 256);
  v128.store(to, v128.xor(b2, v128.andnot(b4, b3)), 272);
  v128.store(to, v128.xor(b3, v128.andnot(b0, b4)), 288);
  v128.store(to, v128.xor(b4, v128.andnot(b1, b0)), 304);

  b0 = rotated(v128.xor(v128.load(from, 32), d2), 62);
  b1 = rotated(v128.xor(v128.load(from, 128), d3), 55);
  b2 = rotated(v128.xor(v128.load(from, 224), d4), 39);
  b3 = rotated(v128.xor(v128.load(from, 240), d0), 41);
  b4 = rotated(v128.xor(v128.load(from, 336), d1), 2);
  v128.store(to, v128.xor(b0, v128.andnot(b2, b1)), 320);
  v128.store(to, v128.xor(b1, v128.andnot(b3, b2)), 336);
  v128.store(to, v128.xor(b2, v128.andnot(b4, b3)), 352);
  v128.store(to, v128.xor(b3, v128.andnot(b0, b4)), 368);
  v128.store(to, v128.xor(b4, v128.andnot(b1, b0)), 384);
}

function permute(): void {
  for (let index = 0; index < ROUNDS; index += 2) {
    round(STATE, NEXT, index);
    round(NEXT, STATE, index + 1);
  }
}

/** The eight bytes of a last block that begin at `at`, `rest` of which are the message's: the others are padding. */
function lastWord(block: usize, at: i32, rest: i32): u64 {
  const left = rest - at;
  if (left >= 8) return load<u64>(block + at);
  if (left < 0) return 0;
  const bits = left << 3;
  return (load<u64>(block + at) & (((<u64>1) << bits) - 1)) | ((<u64>1) << bits);
}

function absorb(at: i32, left: u64, right: u64): void {
  const both = i64x2.replace_lane(i64x2.splat(left), 1, right);
  v128.store(STATE + (at << 1), v128.xor(v128.load(STATE + (at << 1)), both));
}

/**
 * Digests of two messages of `length` bytes.
 *
 * @param firstByte mask of the first eight bytes: all bits, or all but the lowest eight for a message whose first byte
 * is 0 whatever stands in memory before the data
 */
function hashTwo(left: usize, right: usize, length: i32, firstByte: u64, digests: usize, both: bool): void {
  memory.fill(STATE, 0, LANES << 4);
  let mask = firstByte;
  let rest = length;
  for (; rest >= RATE; rest -= RATE) {
    for (let at = 0; at < RATE; at += 8) {
      absorb(at, load<u64>(left + at) & mask, load<u64>(right + at) & mask);
      mask = u64.MAX_VALUE;
    }
    permute();
    left += RATE;
    right += RATE;
  }
  for (let at = 0; at < RATE; at += 8) {
    const end: u64 = at == RATE - 8 ? (<u64>0x80) << 56 : 0;
    absorb(at, (lastWord(left, at, rest) & mask) ^ end, (lastWord(right, at, rest) & mask) ^ end);
    mask = u64.MAX_VALUE;
  }
  permute();
  for (let at = 0; at < 32; at += 8) {
    const lanes = v128.load(STATE + (at << 1));
    store<u64>(digests + at, i64x2.extract_lane(lanes, 0));
    if (both) store<u64>(digests + 32 + at, i64x2.extract_lane(lanes, 1));
  }
}

/** Digests, 32 bytes each, of 0x00 and `size` bytes of data each, `count` times one after another. */
export function leaves(data: usize, size: i32, count: i32, digests: usize): void {
  for (let index = 0; index < count; index += 2) {
    const left = data + index * size - 1;
    const both = index + 1 < count;
    hashTwo(left, both ? left + size : left, size + 1, ~(<u64>0xff), digests + (index << 5), both);
  }
}

/** Turns 2^levels leaves, which stand one after another, into their root, which stands where the first one stood. */
export function reduce(hashes: usize, levels: i32): void {
  for (let level = 1; level <= levels; level++) parents(hashes, 1 << (levels - level), level, hashes);
}

/**
 * Digests of `count` nodes at `level`: 0x01, the level, and two children each, which stand one after another. They may
 * be written over their children.
 */
export function parents(children: usize, count: i32, level: i32, digests: usize): void {
  for (let index = 0; index < count; index += 2) {
    const both = index + 1 < count;
    for (let node = 0; node < 2; node++) {
      const to = NODES + (node << 7);
      const from = children + ((index + (both ? node : 0)) << 6);
      store<u8>(to, 1);
      store<u8>(to, level, 1);
      for (let at = 0; at < 64; at += 16) v128.store(to + 2 + at, v128.load(from + at));
    }
    hashTwo(NODES, NODES + 128, NODE_BYTES, u64.MAX_VALUE, digests + (index << 5), both);
  }
}
