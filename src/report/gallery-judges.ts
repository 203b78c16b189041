// Which judges a gallery asks: those that were given, or those that come with the package for the run's data.

import { findModel } from '../data/shipped.ts'
import { encodeTokens } from '../families/text-image/tokenizer.ts'
import type { Judge } from '../guides/index.ts'
import { openJudgeFile } from '../guides/judge-files.ts'
import type { RuntimeOptions } from '../runtime/index.ts'
import { shellWord } from './format.ts'
import { type Judges, MOST } from './gallery-task.ts'

/** The judges that come with the package, by the data that they learned from. */
const shipped: Readonly<Record<string, readonly string[]>> = {
  digits: ['classifier.json'],
  emoji: ['text-image.json'],
}

/** Texts that a gallery asks for where none are given, as far as its judge knows their words. */
const usual = [
  'red heart',
  'grinning face',
  'green leaf',
  'blue circle',
  'orange fruit',
  'black square',
  'yellow flower',
  'flag',
  'animal face',
  'clock',
]

export interface JudgesAsked {
  judges: Judges
  texts: readonly string[]
}

/**
 * Opens judges to see what each can be asked.
 *
 * @param files  given by the caller, who hears of what is wrong with them; null: those of the package, if they are there
 */
export async function judgesFor(
  files: readonly string[] | null,
  texts: readonly string[] | null,
  { data, columns, runtime }: { data: string; columns: number; runtime?: RuntimeOptions },
): Promise<JudgesAsked> {
  const asked: JudgesAsked = { judges: {}, texts: texts ?? [] }
  for (const file of files ?? shipped[data] ?? []) {
    const path = await findModel(file).catch(error => {
      if (files) throw error
      return null
    })
    if (path === null) continue
    const judge = await openJudgeFile(path, runtime)
    try {
      for (const [kind, one] of Object.entries(kindsOf(judge, file)) as [keyof Judges, never][]) {
        const before = asked.judges[kind]
        if (before) throw new Error(`${before.file} and ${file} are both judges of ${kind}; give one of them`)
        asked.judges[kind] = one
      }
      const { tokenizer } = judge.spec.text ?? {}
      if (tokenizer && !texts)
        asked.texts = usual
          .filter(text => encodeTokens(tokenizer, text).unknown.length === 0)
          .slice(0, columns)
    } finally {
      await judge.close()
    }
  }
  return asked
}

/** What a judge can be asked, by what its output means. */
function kindsOf({ spec, shape }: Judge, file: string): Judges {
  const { read, classes } = spec.output
  if (read === 'cosine') return { likeness: { file }, ...(spec.text && { texts: { file } }) }
  if (read === 'features') return shape.length === 3 ? { features: { file } } : {}
  const names = classes ?? Array.from({ length: shape[0] }, (_, i) => String(i))
  return { classes: { file, names: names.slice(0, MOST) } }
}

/** Why nobody can be asked for this, and commands that would change that for a run on these data. */
export function missingJudge(
  kind: keyof Judges,
  run: string,
  { data, labels, texts }: { data: string; labels: boolean; texts: boolean },
): { reason: string; todo: string[] } {
  const none = `No judge was given that ${abilities[kind]}`
  if (kind === 'classes' && !labels)
    return { reason: `${none}, and these data have no labels to train one on.`, todo: [] }
  if (kind !== 'classes' && !texts)
    return { reason: `${none}, and these data have no texts to train one on.`, todo: [] }
  const model = kind === 'classes' ? 'classifier' : 'text-image'
  return {
    reason: `${none}.`,
    todo: [
      `npx coppice train --model ${model} --data ${shellWord(data)} --out runs/${model}`,
      `npx coppice export runs/${model} --out judge`,
      `npx coppice gallery ${shellWord(run)} --judge judge/${model}.json`,
    ],
  }
}

const abilities: Record<keyof Judges, string> = {
  classes: 'tells classes',
  texts: 'reads texts',
  likeness: 'makes embeddings',
  features: 'shows features',
}
