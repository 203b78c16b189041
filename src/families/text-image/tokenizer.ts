// Texts to numbers: whole words, and pieces of words for those that were never met.

/** A vocabulary, safe for JSON. Row 0 of the text encoder's table stands for nothing; the words come next, then the pieces. */
export interface Tokenizer {
  format: 'coppice-words-1'
  /** Known words, lower-case letters and digits. Word i has the token 1 + i. */
  words: readonly string[]
  /** Three letters in a row, `<` before a word and `>` after it. Piece i has the token 1 + words.length + i. */
  pieces: readonly string[]
  /** Words of a text, and tokens of a word: the word itself (0 if it is unknown), then its pieces; 0 fills up. */
  shape: readonly [words: number, tokens: number]
}

export interface EncodedText {
  /** [1, words, tokens] */
  tokens: Int32Array
  shape: readonly [1, number, number]
  /** The words of the text that are in the vocabulary, as they were read, each once. */
  known: string[]
  /** Those that are not: all that stands for them is the pieces they share with known words. */
  unknown: string[]
}

/** Words read from a text; what comes after them is left out. */
const WORDS = 12
/** The word and its first 11 pieces: those of a word of 11 letters. */
const TOKENS = 12

/**
 * The vocabulary of some texts: all of their words, and the pieces that at least two of these words share, for a
 * piece of one word says nothing that the word does not. Pieces of three letters as in Bojanowski et al.,
 * arXiv 1607.04606, listed instead of hashed: a piece that was never met is left out, where a hash would give it
 * the row of another.
 */
export function buildTokenizer(texts: Iterable<string>): Tokenizer {
  const words = new Set<string>()
  for (const text of texts) for (const word of wordsOf(text)) words.add(word)
  return tokenizerOf([...words].sort())
}

/** The tokenizer of a list of words. */
export function tokenizerOf(words: readonly string[]): Tokenizer {
  const met = new Map<string, number>()
  for (const word of words)
    for (const piece of new Set(piecesOf(word))) met.set(piece, (met.get(piece) ?? 0) + 1)
  const pieces = [...met].filter(([, count]) => count > 1).map(([piece]) => piece)
  return { format: 'coppice-words-1', words, pieces: pieces.sort(), shape: [WORDS, TOKENS] }
}

/** Rows of the text encoder's table: nothing, words, pieces. */
export function rowsOf({ words, pieces }: Tokenizer): number {
  return 1 + words.length + pieces.length
}

/**
 * The tokens of a text. Upper case, accents, punctuation and the order of the words do not count; a word that
 * occurs twice counts twice (a family of "man, woman, girl, girl").
 */
export function encodeTokens(tokenizer: Tokenizer, text: string): EncodedText {
  const { wordIds, pieceIds } = idsOf(tokenizer)
  const [count, length] = tokenizer.shape
  const tokens = new Int32Array(count * length)
  const words = wordsOf(text)
  words
    .slice(0, count)
    .sort()
    .forEach((word, i) => {
      const known = piecesOf(word).flatMap(piece => pieceIds.get(piece) ?? [])
      tokens.set([wordIds.get(word) ?? 0, ...known.slice(0, length - 1)], i * length)
    })
  const distinct = [...new Set(words)]
  return {
    tokens,
    shape: [1, count, length],
    known: distinct.filter(word => wordIds.has(word)),
    unknown: distinct.filter(word => !wordIds.has(word)),
  }
}

/** Lower-case words of letters and digits, in their order: accents and apostrophes are dropped, anything else parts words. */
export function wordsOf(text: string): string[] {
  const plain = text
    .normalize('NFKD')
    .replace(/[\p{M}'’]/gu, '')
    .toLowerCase()
  return plain.match(/[\p{L}\p{N}]+/gu) ?? []
}

/** `owl` is `<ow`, `owl`, `wl>`. */
function piecesOf(word: string): string[] {
  const letters = [...`<${word}>`]
  return letters.slice(2).map((_, i) => letters.slice(i, i + 3).join(''))
}

interface Ids {
  wordIds: ReadonlyMap<string, number>
  pieceIds: ReadonlyMap<string, number>
}

const tables = new WeakMap<Tokenizer, Ids>()

function idsOf(tokenizer: Tokenizer): Ids {
  const known = tables.get(tokenizer)
  if (known) return known
  const { words, pieces } = tokenizer
  const ids = {
    wordIds: new Map(words.map((word, i) => [word, 1 + i])),
    pieceIds: new Map(pieces.map((piece, i) => [piece, 1 + words.length + i])),
  }
  tables.set(tokenizer, ids)
  return ids
}
