import { PAGE_POSITIONS } from "./kernels/kernel.ts";

/** A page whose positions and everything before them are known, so that other sequences can read it. */
interface PublishedPage {
  readonly id: number;
  readonly key: string;
  readonly page: number;
}

/** How many of a sequence's pages are published, and as what the last of them. */
export interface Published {
  readonly count: number;
  readonly parent: number;
}

/**
 * Pages of keys and values, counted by their readers. Whole pages of equal beginnings are shared: nobody writes to them any
 * more, so there is nothing to copy. A page that nobody reads stays published until its room is needed, the longest unused
 * one first.
 */
export class PagePool {
  readonly size: number;
  readonly #free: number[];
  readonly #readers: number[];
  readonly #byKey = new Map<string, PublishedPage>();
  readonly #byPage = new Map<number, PublishedPage>();
  /** Published pages without readers, the longest unused first. */
  readonly #idle = new Set<number>();
  #nextId = 1;

  constructor(size: number) {
    this.size = size;
    this.#free = Array.from({ length: size }, (_, index) => size - 1 - index);
    this.#readers = new Array<number>(size).fill(0);
  }

  /** Pages that can be had now. */
  get available(): number {
    return this.#free.length + this.#idle.size;
  }

  /** `count` pages for one reader, or undefined when there are not as many. */
  take(count: number): number[] | undefined {
    if (count > this.available) return undefined;
    return Array.from({ length: count }, () => {
      const page = this.#free.pop() ?? this.#evict();
      this.#readers[page] = 1;
      return page;
    });
  }

  /** The published pages that hold the beginning of `tokens`, at most `limit`, each with one reader more. */
  share(tokens: readonly number[], limit: number): { pages: number[]; shared: Published } {
    const pages: number[] = [];
    let parent = 0;
    while (pages.length < limit) {
      const found = this.#byKey.get(keyOf(parent, tokens, pages.length));
      if (!found) break;
      parent = found.id;
      pages.push(found.page);
      this.#idle.delete(found.page);
      this.#readers[found.page]!++;
    }
    return { pages, shared: { count: pages.length, parent } };
  }

  /** Lets others share the first `count` pages, which hold the beginning of `tokens`, too. */
  publish(tokens: readonly number[], pages: readonly number[], count: number, from: Published): Published {
    let { parent } = from;
    for (let index = from.count; index < count; index++) {
      const key = keyOf(parent, tokens, index);
      const page = pages[index]!;
      let published = this.#byKey.get(key);
      // The first of two that compute the same is the one that others share.
      if (!published) {
        published = { id: this.#nextId++, key, page };
        this.#byKey.set(key, published);
        this.#byPage.set(page, published);
      }
      parent = published.id;
    }
    return { count: Math.max(count, from.count), parent };
  }

  /** One reader fewer of each. */
  release(pages: readonly number[]): void {
    // The last page first: a beginning is of use without its end, but not the other way round.
    for (const page of [...pages].reverse()) {
      if (--this.#readers[page]! > 0) continue;
      if (this.#byPage.has(page)) this.#idle.add(page);
      else this.#free.push(page);
    }
  }

  #evict(): number {
    const page = this.#idle.values().next().value!;
    const { key } = this.#byPage.get(page)!;
    this.#idle.delete(page);
    this.#byPage.delete(page);
    this.#byKey.delete(key);
    return page;
  }
}

/** A page's tokens, behind what was published as number `parent`. */
function keyOf(parent: number, tokens: readonly number[], index: number): string {
  const own = tokens.slice(index * PAGE_POSITIONS, (index + 1) * PAGE_POSITIONS);
  return `${parent}:${own.join()}`;
}
