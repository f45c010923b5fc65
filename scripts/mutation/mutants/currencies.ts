import { type NamedMutant, inFile } from "../named.ts";

const tests = ["currencies/*.test.ts"];

/** Rules of prices: what a conversion comes to, who may move it how far, and what a source must not say. */
export const currencies: readonly NamedMutant[] = [
  ...inFile("currencies/Currencies.sol", tests, [
    {
      name: "a converted price is rounded down",
      original: "Math.ceilDiv(scaled, microcents)",
      mutated: "scaled / microcents",
    },
    {
      name: "a price is used after it expired",
      original: "block.timestamp > validUntil",
      mutated: "false",
    },
    {
      name: "a source says what it likes",
      original: "difference > (microcents * maximum) / BASIS_POINTS",
      mutated: "false",
    },
    {
      name: "a price moves again at once",
      original: "block.timestamp < earliest",
      mutated: "false",
    },
    {
      name: "a governor jumps upwards",
      original: "Math.min(current + step, MAX_REFERENCE)",
      mutated: "MAX_REFERENCE",
    },
    {
      name: "a governor jumps downwards",
      original: "Math.max(current - step, MIN_REFERENCE)",
      mutated: "MIN_REFERENCE",
    },
    {
      name: "a token is listed anew at another price",
      original: "if (_currencies[token].referenceMicrocents != 0) revert CurrencyAlreadyListed(token);",
      mutated: "",
    },
  ]),
  ...inFile("currencies/ChainlinkOracle.sol", tests, [
    { name: "an answer below zero is a price", original: "answer <= 0", mutated: "answer == 0" },
    {
      name: "an old answer is a price",
      original: "block.timestamp - updatedAt > feed.maximumAge",
      mutated: "false",
    },
    {
      name: "an answer carried over is a price",
      original: "answeredInRound < roundId",
      mutated: "false",
    },
    {
      name: "prices count while the sequencer is down",
      original: "if (answer != 0) revert SequencerDown(startedAt);",
      mutated: "",
    },
    {
      name: "prices count as soon as the sequencer is up",
      original: "block.timestamp - startedAt < SEQUENCER_GRACE",
      mutated: "false",
    },
  ]),
];
