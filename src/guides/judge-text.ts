// Guides that ask a judge for what a text says, where the judge has a text encoder.

import { nearestName } from '../data/nearest.ts'
import { type EncodedText, encodeTokens } from '../families/text-image/tokenizer.ts'
import type { Opened } from '../runtime/index.ts'
import type { BlackBoxGuide } from './guide.ts'
import { chosen, type Judge, openModelFile } from './judge.ts'
import { cosineGuide } from './judge-guides.ts'
import type { JudgeSpec } from './judge-spec.ts'

/**
 * Wants images that a text fits, one text for all results or one for each: score = cosine of the image's and
 * the text's embedding, error = 1 − cosine. An unknown word counts by the pieces it shares with known ones,
 * and `onNote` hears of it; a text of unknown words only is an error.
 */
export async function textGuide(
  judge: Judge,
  text: string | readonly string[],
  onNote: (note: string) => void = () => {},
): Promise<BlackBoxGuide> {
  const { text: encoder } = judge.spec
  if (!encoder)
    throw new Error(
      `${judge.name} has no text encoder (its field text); add one, or a vector that was made of a text elsewhere`,
    )
  const texts = typeof text === 'string' ? [text] : text
  if (texts.length === 0) throw new Error(`${judge.name}: no text is given`)
  const encoded = texts.map(one => readText(judge, encoder.tokenizer, one, onNote))
  const model = await openModelFile(encoder.model, 'text.model', judge.name, judge.readFile, judge.runtime)
  try {
    const [length] = judge.shape
    const vectors = new Float32Array(texts.length * length)
    for (const [i, one] of encoded.entries()) vectors.set(await embed(judge, encoder, model, one), i * length)
    return cosineGuide(judge, 'text', vectors)
  } finally {
    await model.session.release()
  }
}

type Encoder = NonNullable<JudgeSpec['text']>

function readText(
  { name }: Judge,
  tokenizer: Encoder['tokenizer'],
  text: string,
  onNote: (note: string) => void,
): EncodedText {
  const encoded = encodeTokens(tokenizer, text)
  const { known, unknown } = encoded
  const quoted = JSON.stringify(text)
  if (known.length + unknown.length === 0) throw new Error(`the text ${quoted} has no words`)
  const near = [...new Set(unknown.flatMap(word => nearestName(word, tokenizer.words) ?? []))]
  const hint = near.length ? `; did you mean ${near.join(', ')}?` : ''
  if (known.length === 0) throw new Error(`${name} knows no word of the text ${quoted}${hint}`)
  if (unknown.length) onNote(`${name} does not know ${unknown.join(', ')}${hint}`)
  return encoded
}

/** The embedding of one text, [D]. */
async function embed(
  judge: Judge,
  { model: file, input, output }: Encoder,
  { session, Tensor }: Opened,
  { tokens, shape }: EncodedText,
): Promise<Float32Array> {
  const field = (name: string) => `${judge.name}: text.${name}`
  const inputs = session.inputMetadata.map(port => port.name)
  const into = chosen(input, inputs, field('input'), `inputs of ${file}`)
  const from = chosen(output, session.outputNames, field('output'), `outputs of ${file}`)
  const port = session.inputMetadata.find(({ name }) => name === into)!
  const type = port.isTensor ? port.type : 'no tensor'
  if (inputs.length > 1 || (type !== 'int32' && type !== 'int64'))
    throw new Error(`${field('model')} is ${file}, which must take tokens alone, as int32 or int64`)
  const values = type === 'int64' ? BigInt64Array.from(tokens, BigInt) : tokens
  const results = await session
    .run({ [into]: new Tensor(type, values, shape) }, { [from]: null })
    .catch(error => {
      throw new Error(`${field('model')} is ${file}, which failed: ${(error as Error).message}`, {
        cause: error,
      })
    })
  const vector = results[from].data as Float32Array
  if (vector.length !== judge.shape[0])
    throw new Error(
      `${field('output')}: ${file} makes ${vector.length} numbers of a text, ${judge.spec.model} ${judge.shape[0]} of an image`,
    )
  if (vector.some(Number.isNaN)) throw new Error(`${field('model')} is ${file}, which gave NaN for a text`)
  return vector
}
