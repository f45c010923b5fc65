import { cut } from "./cut.ts";
import type { DerivedRandom } from "./derived-random.ts";

/*
 * Sentences as people write them to models, put together by chance. Whoever reads this file can tell them from those of clients: an operator's own texts are better.
 */

const words = {
  adjective:
    "small large quiet busy old new cheap expensive simple strange remote crowded modern local heavy careful honest nervous patient public rural sudden warm cold gentle bright ordinary useful difficult reliable",
  thing:
    "bicycle kitchen garden bridge letter invoice contract database spreadsheet password sensor battery engine recipe loaf kettle window roof staircase library ticket passport calendar notebook violin drum camera telescope microscope map compass harbour lighthouse orchard vineyard greenhouse beehive compost soil river glacier volcano thunderstorm tide eclipse comet magnet lens prism pendulum thermostat pump valve filter turbine transistor router firewall backup compiler parser queue cache index schema migration release invoice budget mortgage insurance pension auction tariff census ballot treaty statute verdict vaccine antibody protein enzyme fracture fever allergy diet marathon sprint chess crossword sonnet ballad mural sculpture theatre orchestra choir dialect alphabet proverb",
  person:
    "child beginner teacher student nurse doctor farmer carpenter plumber engineer lawyer accountant journalist librarian manager colleague customer neighbour tourist grandmother friend scientist designer programmer musician pilot sailor baker gardener shopkeeper",
  place:
    "Lisbon Nairobi Osaka Lima Oslo Cairo Mumbai Toronto Seville Hanoi Accra Vienna Bogota Krakow Galway Perth Marseille Montevideo Tbilisi Reykjavik Bologna Ghent Basel Porto Leeds Utrecht Turin Graz Bergen Split",
  time: "yesterday tomorrow tonight today lately sometimes often nowadays afterwards eventually",
  verb: "repair clean paint move sell buy store measure compare plan describe explain design improve test replace protect organise translate summarise",
  quality:
    "cost quality speed safety weight noise size age shape history origin purpose maintenance popularity",
} as const;

type Slot = keyof typeof words;

const lists = Object.fromEntries(
  Object.entries(words).map(([slot, text]) => [slot, [...new Set(text.split(" "))]]),
) as unknown as Readonly<Record<Slot, readonly string[]>>;

const openings = [
  "Write a short story about a {person} and a {adjective} {thing} in {place}.",
  "Explain to a {person} how a {thing} works.",
  "What is the difference between a {thing} and a {thing}?",
  "Give me three reasons to {verb} a {adjective} {thing}.",
  "How do I {verb} a {thing} without a {thing}?",
  "I have to {verb} a {thing} for a {person}. Where do I begin?",
  "Write a polite message to my {person} about the {thing} that arrived broken.",
  "Make a list of what I need to {verb} a {adjective} {thing}.",
  "Is it worth it to {verb} an old {thing}, or should I buy one?",
  "Describe {place} as a {person} would see it.",
  "Why is the {quality} of a {thing} so hard to {verb}?",
  "Suggest five names for a {adjective} shop in {place} that sells every kind of {thing}.",
  "Can you {verb} the following for a {person}?",
  "The {person} looked at the {thing} and",
  "In {place} there was once a {adjective} {thing}, and nobody knew why",
  "Dear {person}, I am writing because of the {thing}.",
  "Compare the {quality} and the {quality} of a {thing}.",
  "Plan two days in {place} for a {person} who likes every {thing}.",
  "Summarise what is known about the {quality} of the {thing}.",
  "Write four lines of verse about a {thing} and a {adjective} {person}.",
];

const sentences = [
  "It is {adjective}, and the {person} says that the {quality} matters most.",
  "My {person} from {place} told me about it {time}.",
  "We tried to {verb} the {thing} {time}, but the {thing} was in the way.",
  "The {quality} has been a problem for weeks.",
  "Please keep it {adjective} and leave out the {thing}.",
  "There is also a {adjective} {thing} next to the {thing}.",
  "I would rather {verb} it than {verb} it.",
  "A {person} in {place} asked the same, and the answer was {adjective}.",
  "If the {thing} is too {adjective}, say so.",
  "Do not mention the {quality}.",
  "First they {verb} the {thing}, then they {verb} the {thing}.",
  "Nobody in {place} could {verb} it without help.",
  "The budget is {number} euros, and we have {number} days.",
  "About {number} people use it, mostly {time}.",
  "It was made {number} years ago for a {person}.",
  "Before that the {thing} stood in a {adjective} room.",
  "What would a {person} do?",
  "Answer in at most {number} sentences.",
  "So far only the {quality} and the {quality} are clear.",
  "The old {thing} cost {number} a month; the new one is {adjective}.",
];

/** A question or the beginning of a text, and as many sentences behind it as fit. */
export function composedText(random: DerivedRandom, bytes: number): string {
  const parts = [filled(random, random.pick(openings))];
  const between = random.fraction() < 0.2 ? "\n" : " ";
  for (let length = parts[0]!.length; length < bytes; length += parts.at(-1)!.length + 1) {
    parts.push(filled(random, random.pick(sentences)));
  }
  const text = parts.join(between);
  // Many write without capitals.
  return cut(random.fraction() < 0.15 ? text.toLowerCase() : text, bytes);
}

function filled(random: DerivedRandom, template: string): string {
  const text = template.replace(/\{(\w+)\}/g, (_, slot: string) =>
    slot === "number" ? String(random.logarithmic(2, 900)) : random.pick(lists[slot as Slot]),
  );
  return text.replace(/\b([Aa]) (?=[aeio])/g, "$1n ");
}
