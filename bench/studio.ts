// What the studio is measured by, in a headless Chromium, on the built page; best on an idle machine.
//   npx tsx bench/studio.ts training [--rounds 5] [--steps 20] [--threads 2]
//   npx tsx bench/studio.ts tfjs --tfjs FOLDER [--rounds 5] [--steps 20] [--threads 2]
//   npx tsx bench/studio.ts memory [--minutes 10]
//   npx tsx bench/studio.ts first-picture [--rounds 5]

import { parseArgs } from 'node:util'
import { builtPage, checkPage } from '../src/studio/server.ts'
import { firstPicture } from './studio/first-picture.ts'
import { memory } from './studio/memory.ts'
import { tfjs } from './studio/tfjs.ts'
import { training } from './studio/training.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '5' },
    steps: { type: 'string', default: '20' },
    threads: { type: 'string', default: '2' },
    minutes: { type: 'string', default: '10' },
    tfjs: { type: 'string' },
  },
})

const benchmarks = {
  training: () => training({ ...steps(), threads: positive('threads') }),
  tfjs: () => tfjs({ ...steps(), threads: positive('threads'), tfjs: values.tfjs }),
  memory: () => memory({ minutes: positive('minutes') }),
  'first-picture': () => firstPicture({ rounds: positive('rounds') }),
}

const [name] = positionals
try {
  if (positionals.length !== 1 || !Object.hasOwn(benchmarks, name))
    throw new Error(`say which one: ${Object.keys(benchmarks).join(', ')}`)
  await checkPage(builtPage())
  console.log(await benchmarks[name as keyof typeof benchmarks]())
} catch (error) {
  console.error((error as Error).message)
  process.exitCode = 1
}

function steps() {
  return { rounds: positive('rounds'), steps: positive('steps') }
}

function positive(name: 'rounds' | 'steps' | 'threads' | 'minutes'): number {
  const value = Number(values[name])
  if (!(value > 0 && Number.isInteger(value)))
    throw new Error(`--${name} ${values[name]}: give a whole number from 1`)
  return value
}
