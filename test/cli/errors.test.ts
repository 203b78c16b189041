/** What is called wrongly is said in one sentence on standard error, and the nearest right thing with it. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { coppice } from './call.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coppice-errors-'))
  await writeFile(join(folder, 'bad.json'), '{"network":')
  await writeFile(join(folder, 'config.txt'), '')
})
afterAll(() => rm(folder, { recursive: true, force: true }))

describe('a wrong call ends with 2 and says what is right', () => {
  const cases: [string, string[], RegExp][] = [
    ['an unknown command', ['trian'], /^unknown command 'trian'; did you mean train\?$/],
    ['an unknown flag', ['train', '--minuts', '3'], /^unknown option '--minuts'; did you mean --minutes\?$/],
    [
      'an unknown preset',
      ['train', '--preset', 'smal'],
      /^unknown preset smal; did you mean small\? Valid are tiny, small/,
    ],
    [
      'a preset of another model',
      ['train', '--model', 'classifier', '--preset', 'small'],
      /^unknown preset small; .*plain, residual/,
    ],
    ['an unknown model', ['train', '--model', 'classfier'], /did you mean classifier\?/],
    [
      'a setting of another model',
      ['train', '--model', 'classifier', '--set', 'growth.rule=paper'],
      /^unknown setting growth; .*augmentation/,
    ],
    [
      'an unknown model in a setting',
      ['train', '--set', 'network.model=clasifier'],
      /^network\.model is "clasifier"; did you mean classifier\? Valid are ddn, classifier/,
    ],
    ['an unknown device', ['train', '--device', 'gpu'], /'gpu' is invalid.*cpu, cuda/],
    ['an unknown split', ['reconstruct', 'x', '--split', 'tset'], /did you mean test\?/],
    ['an unknown density', ['density', '--target', 'spirl'], /did you mean spiral\?/],
    [
      'a count that is no number',
      ['sample', 'x', '--count', 'many'],
      /'many' is invalid\. Give a whole number/,
    ],
    [
      'a negative number of steps',
      ['train', '--steps', '-5'],
      /'-5' is invalid\. Give a whole number, at least 1/,
    ],
    ['minutes of nothing', ['train', '--minutes', '0'], /'0' is invalid\. Give a number above 0/],
    ['two budgets', ['train', '--minutes', '1', '--steps', '1'], /two budgets; give one/],
    [
      'an unknown setting',
      ['train', '--set', 'network.lossGroth=2'],
      /network\.lossGroth; did you mean lossGrowth\?/,
    ],
    [
      'a wrong setting',
      ['train', '--set', 'optimiser.rate=-1'],
      /^optimiser\.rate is -1; it must be more than 0$/,
    ],
    ['an unknown name in a setting', ['train', '--set', 'growth.rule=papr'], /did you mean paper\?/],
    ['a run that is missing', ['sample'], /missing required argument 'run'/],
    ['a folder that is missing', ['export', 'x'], /required option '--out <folder>' not specified/],
    ['one argument too many', ['info', 'a', 'b'], /too many arguments/],
    ['nothing to resume', ['train', '--resume'], /--resume needs the folder of a run/],
    ['two folders', ['train', '--resume', 'a', '--out', 'b'], /two folders; give one/],
  ]
  for (const [name, args, message] of cases)
    test(name, async () => {
      const { code, stdout, stderr } = await coppice(...args)
      expect(stderr.trimEnd()).toMatch(message)
      expect(stderr.trimEnd()).not.toContain('\n')
      expect(stdout).toBe('')
      expect(code).toBe(2)
    })

  test('a configuration file that is missing, or no JSON', async () => {
    const config = (file: string) =>
      coppice('train', '--config', join(folder, file), '--out', join(folder, 'out'))
    expect(await config('none.json')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('no such file'),
    })
    expect(await config('bad.json')).toMatchObject({ code: 2, stderr: expect.stringContaining('JSON') })
  })
})

describe('what goes wrong later ends with 1', () => {
  test('a folder that holds no run', async () => {
    for (const args of [['sample'], ['info'], ['reconstruct']]) {
      const { code, stderr } = await coppice(...args, folder)
      expect(stderr).toBe(`${folder} holds no run: there is no config.json in it\n`)
      expect(code).toBe(1)
    }
  })

  test('data that are not known, with the nearest that are', async () => {
    const { code, stderr } = await coppice(
      'train',
      '--data',
      'digts',
      '--steps',
      '1',
      '--out',
      join(folder, 'd'),
    )
    expect(stderr).toContain('unknown data: digts; did you mean digits?')
    expect(code).toBe(1)
  })

  test('with --verbose it says where', async () => {
    expect((await coppice('info', folder, '--verbose')).stderr).toMatch(/\n +at /)
  })
})
