import { PAD } from "../../commitments/merkle.ts";
import { PERMUTATION, RATE, RATE_WORDS, stateWord } from "./permutation.ts";

export const TILE_THREADS = 64;

/** How the elements of a section lie in a buffer; the numbers are the kernel's. */
export const ELEMENT_STORAGE = {
  /** int16, two a word, the first one in the lower half. */
  int16: 0,
  /** int32 or uint32. */
  int32: 1,
  /** int64 as two words, the lower one first. */
  int64: 2,
} as const;

/** Words before a table's rows. */
export const TABLE_HEADER = 12;
/** Words of a table for each row: its first element, and how many elements of each group it has. */
export const TABLE_ROW = 2;

/**
 * Hashes the tiles of a section at many rows (positions, of one or more sequences), a thread each: keccak(0x00 ‖ elements, big
 * endian). A tile that begins beyond what a row has is PAD; so are the slots behind the last section of an operator.
 *
 * `digests` is [rows][leaves][8 words]; this section's begin with leaf `firstLeaf`.
 */
export const TILE_KERNEL = /* wgsl */ `
struct Table {
  rows: u32,
  /** Leaves of an operator's tree, a power of two. */
  leaves: u32,
  firstLeaf: u32,
  /** Leaves that are written for each row: the section's tiles, and for an operator's last section all behind them. */
  written: u32,
  tiles: u32,
  tilesPerGroup: u32,
  /** Elements of a group, and of a tile. */
  size: u32,
  tile: u32,
  storage: u32,
  /** Elements from one group to the next. */
  groupStride: u32,
  /** The digest that the first row's first leaf is. */
  firstDigest: u32,
  unused: u32,
  rowTable: array<vec2<u32>>,
}
@group(0) @binding(0) var<storage, read> table: Table;
@group(0) @binding(1) var<storage, read> elements: array<u32>;
@group(0) @binding(2) var<storage, read_write> digests: array<vec2<u32>>;

${PERMUTATION}

/** A tile's place in \`elements\`, elements that are not zero because they exist, and bytes. */
struct Tile { start: u32, present: u32, bytes: u32 }

fn reversed(word: u32) -> u32 {
  let halves = ((word & 0x00ff00ffu) << 8u) | ((word >> 8u) & 0x00ff00ffu);
  return (halves << 16u) | (halves >> 16u);
}

fn int16At(tile: Tile, index: u32) -> u32 {
  if (index >= tile.present) { return 0u; }
  let at = tile.start + index;
  return (elements[at >> 1u] >> ((at & 1u) * 16u)) & 0xffffu;
}

/** Four bytes of the tile's elements in big endian, the first one lowest. */
fn dataWord(tile: Tile, word: u32) -> u32 {
  switch table.storage {
    case ${ELEMENT_STORAGE.int16}u: {
      return reversed((int16At(tile, 2u * word) << 16u) | int16At(tile, 2u * word + 1u));
    }
    case ${ELEMENT_STORAGE.int32}u: {
      if (word >= tile.present) { return 0u; }
      return reversed(elements[tile.start + word]);
    }
    default: {
      if ((word >> 1u) >= tile.present) { return 0u; }
      return reversed(elements[2u * tile.start + (word ^ 1u)]);
    }
  }
}

/** Four bytes of the padding behind a message of \`length\` bytes, but for its very last bit. */
fn paddingWord(length: u32, word: u32) -> u32 {
  return select(0u, 1u << ((length & 3u) * 8u), word == (length >> 2u));
}

/** What one permutation takes in. */
var<private> message: array<u32, ${RATE_WORDS}>;

fn hashed(tile: Tile) -> State {
  var state: State;
  let length = tile.bytes + 1u;
  let blocks = length / ${RATE}u + 1u;
  // The tag, a zero byte, moves all data by one byte: a word holds three bytes of one data word, and one of that before.
  var before = 0u;
  for (var block = 0u; block < blocks; block++) {
    for (var index = 0u; index < ${RATE_WORDS}u; index++) {
      let word = block * ${RATE_WORDS}u + index;
      let data = dataWord(tile, word);
      message[index] = (data << 8u) | before | paddingWord(length, word);
      before = data >> 24u;
    }
${Array.from({ length: RATE_WORDS }, (_, word) => `    ${stateWord(word)} ^= message[${word}];`).join("\n")}
    if (block + 1u == blocks) { ${stateWord(RATE_WORDS - 1)} ^= 0x80000000u; }
    state = permuted(state);
  }
  return state;
}

fn elementBytes() -> u32 { return 2u << table.storage; }

fn write(digest: u32, a: vec2<u32>, b: vec2<u32>, c: vec2<u32>, d: vec2<u32>) {
  digests[4u * digest] = a;
  digests[4u * digest + 1u] = b;
  digests[4u * digest + 2u] = c;
  digests[4u * digest + 3u] = d;
}

@compute @workgroup_size(${TILE_THREADS})
fn main(
  @builtin(workgroup_id) id: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) thread: u32,
) {
  let index = (id.y * groups.x + id.x) * ${TILE_THREADS}u + thread;
  let row = index / table.written;
  if (row >= table.rows) { return; }
  let leaf = index % table.written;
  let digest = table.firstDigest + row * table.leaves + table.firstLeaf + leaf;
  let group = leaf / table.tilesPerGroup;
  let begin = (leaf % table.tilesPerGroup) * table.tile;
  let source = table.rowTable[row];
  if (leaf >= table.tiles || begin >= source.y) {
    write(digest, ${padLanes()});
    return;
  }
  let length = min(table.tile, table.size - begin);
  let start = source.x + group * table.groupStride + begin;
  let state = hashed(Tile(start, min(length, source.y - begin), length * elementBytes()));
  write(digest, state.lane0, state.lane1, state.lane2, state.lane3);
}
`;

function padLanes(): string {
  const view = new DataView(PAD.buffer, PAD.byteOffset, PAD.byteLength);
  const word = (index: number) => `${view.getUint32(4 * index, true)}u`;
  return [0, 1, 2, 3].map((lane) => `vec2(${word(2 * lane)}, ${word(2 * lane + 1)})`).join(", ");
}
