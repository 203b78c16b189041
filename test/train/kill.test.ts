/** kill −9 at random moments: what is left always goes on, and ends as if nothing had happened. */

import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { random } from '../../src/data/rng.ts'
import { train } from '../../src/train/run.ts'
import { quick, tinyData, tinyModel } from './tiny.ts'

/** COPPICE_KILLS=20 for the full test. */
const KILLS = Number(process.env.COPPICE_KILLS ?? 6)
const STEPS = 2000

test(`a run killed ${KILLS} times at random moments ends with the bytes of one that ran through`, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'coppice-kill-'))
  const killed = join(folder, 'killed')
  const rng = random(Date.now() % 1e6, 'kills')
  try {
    let kills = 0
    let done = false
    // A run that ends before its kill has no more to be killed for.
    while (kills < KILLS && !done) {
      const child = start(killed)
      const end = exit(child)
      await saying(child, 'training')
      const first = await Promise.race([end, pause(rng.int(400))])
      if (first === undefined) {
        child.kill('SIGKILL')
        kills++
      } else {
        expect(first, 'the exit code of a session').toBe(0)
        done = true
      }
      await end
    }
    expect(kills).toBeGreaterThan(0)
    await (await train(tinyModel, tinyData(), { ...quick, steps: STEPS, out: killed, resume: true })).close()
    const straight = join(folder, 'straight')
    await (await train(tinyModel, tinyData(), { ...quick, steps: STEPS, out: straight })).close()
    const [a, b] = await Promise.all([killed, straight].map(dir => readFile(join(dir, 'model.safetensors'))))
    expect(a.equals(b)).toBe(true)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}, 600_000)

/** A session with a checkpoint after every step, so that most kills hit one. */
function start(out: string): ChildProcess {
  const tiny = JSON.stringify(new URL('./tiny.ts', import.meta.url).href)
  const run = JSON.stringify(new URL('../../src/train/run.ts', import.meta.url).href)
  const script = `
    import { quick, tinyData, tinyModel } from ${tiny}
    import { train } from ${run}
    console.log('training')
    const options = { ...quick, steps: ${STEPS}, out: ${JSON.stringify(out)}, resume: true, checkpointEvery: 0 }
    await train(tinyModel, tinyData(), options)`
  return spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
    cwd: new URL('../..', import.meta.url),
    stdio: ['ignore', 'pipe', 'inherit'],
  })
}

const exit = (child: ChildProcess) =>
  new Promise<number | null>(resolve => child.on('close', code => resolve(code)))

const saying = (child: ChildProcess, word: string) =>
  new Promise<void>(resolve => {
    child.stdout!.on('data', data => String(data).includes(word) && resolve())
    child.on('close', () => resolve())
  })

const pause = (milliseconds: number) =>
  new Promise<undefined>(resolve => setTimeout(() => resolve(undefined), milliseconds))
