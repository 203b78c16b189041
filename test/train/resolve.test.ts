/** From settings to a configuration: what is filled in, what may be written, and what an error says. */

import { describe, expect, test } from 'vitest'
import { nearestName } from '../../src/data/nearest.ts'
import { ddn, resolveConfig, resumedConfig } from '../../src/train/resolve.ts'
import { applySettings, ConfigError } from '../../src/train/settings.ts'

const stages = [{ grid: 8, layers: 2, width: 8, K: 4 }]
const config = (changes: object = {}, network: object = {}) => ({
  network: { model: 'ddn', size: 8, stages, ...network },
  budget: { steps: 10 },
  ...changes,
})

/** The message of the ConfigError that this throws. */
function message(work: () => unknown): string {
  try {
    work()
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError)
    return (error as Error).message
  }
  throw new Error('this should have thrown')
}

describe('a wrong configuration is said in one sentence that names the setting, its value and what is valid', () => {
  const cases: [string, object, RegExp][] = [
    [
      'an unknown setting',
      config({}, { lossGroth: 2 }),
      /^unknown setting network\.lossGroth; did you mean lossGrowth\?/,
    ],
    [
      'an unknown setting at the top',
      config({ optimizer: {} }),
      /^unknown setting optimizer; did you mean optimiser\?/,
    ],
    [
      'an unknown setting of a stage',
      config({}, { stages: [{ ...stages[0], with: 8 }] }),
      /network\.stages\.0\.with; did you mean width\?/,
    ],
    [
      'an unknown name',
      config({}, { block: 'mixr' }),
      /^network\.block is "mixr"; did you mean mixer\? Valid are /,
    ],
    ['a wrong type', config({ seed: 'x' }), /^seed is "x"; it must be a number/],
    [
      'too small a number',
      config({ optimiser: { batch: 0 } }),
      /^optimiser\.batch is 0; it must be at least 1/,
    ],
    ['too large a number', config({ growth: { until: 2 } }), /^growth\.until is 2; it must be at most 1/],
    [
      'a number of channels that is none',
      config({}, { channels: 2 }),
      /^network\.channels is 2; valid are 1, 3/,
    ],
    [
      'no budget',
      { network: config().network },
      /^budget is missing; give \{ "steps": N \} or \{ "minutes": M \}/,
    ],
    ['no stages', config({}, { stages: undefined }), /^network\.stages is missing/],
    [
      'stages that do not lead up to the size',
      config({}, { size: 16 }),
      /the last stage paints 8×8, not 16×16/,
    ],
  ]
  for (const [name, input, expected] of cases)
    test(name, () => expect(message(() => resolveConfig(input))).toMatch(expected))
})

test('settings by path are read as JSON, else as text, and make the objects they need', () => {
  const changed = applySettings({ network: { stages } }, [
    'network.lossGrowth=2',
    'network.stages.0.K=16',
    'growth.rule=paper',
    'optimiser.batch=8',
  ])
  expect(changed).toEqual({
    network: { stages: [{ ...stages[0], K: 16 }], lossGrowth: 2 },
    growth: { rule: 'paper' },
    optimiser: { batch: 8 },
  })
  expect(stages[0].K).toBe(4)
})

test('settings by path that lead nowhere are named, with the nearest that does', () => {
  expect(message(() => applySettings({}, ['network.lossGroth=2']))).toMatch(/did you mean lossGrowth\?/)
  expect(message(() => applySettings({}, ['growht.rule=paper']))).toMatch(/did you mean growth\?/)
  expect(message(() => applySettings({}, ['rate']))).toMatch(/write it as path=value/)
  expect(message(() => applySettings({ seed: 1 }, ['seed.x=1']))).toMatch(/seed has no settings inside/)
})

test('a resumed run may go on longer or slower, but not as another network or on other data', () => {
  const saved = resolveConfig(config())
  const longer = resolveConfig(config({ budget: { steps: 20 }, optimiser: { rate: 1e-4 } }))
  expect(resumedConfig(saved, longer)).toEqual(longer)
  const refused = (changes: object, network?: object) =>
    message(() => resumedConfig(saved, resolveConfig(config(changes, network))))
  expect(refused({ seed: 1 })).toMatch(/^seed cannot change in a resumed run: it is 0, not 1/)
  expect(refused({ data: 'emoji' })).toMatch(/^data cannot change/)
  expect(refused({ optimiser: { batch: 8 } })).toMatch(/^optimiser.batch cannot change/)
  expect(refused({}, { channels: 3 })).toMatch(/^network cannot change in a resumed run;/)
})

test('a model is a preset, a preset with changes, or settings of its own', () => {
  expect(ddn().network.stages!.length).toBeGreaterThan(1)
  expect(ddn({ preset: 'tiny', lossGrowth: 3 }).network).toEqual({
    ...ddn({ preset: 'tiny' }).network,
    lossGrowth: 3,
  })
  expect(ddn({ stages }).network).toEqual({ model: 'ddn', stages })
  expect(message(() => ddn({ preset: 'smal' as 'small' }))).toMatch(
    /^unknown preset smal; did you mean small\?/,
  )
})

test('the nearest name allows for slips, exchanges and beginnings, and for nothing far away', () => {
  const names = ['digits', 'emoji', 'folder']
  expect(nearestName('digts', names)).toBe('digits')
  expect(nearestName('idgits', names)).toBe('digits')
  expect(nearestName('fol', names)).toBe('folder')
  expect(nearestName('EMOJI', names)).toBe('emoji')
  expect(nearestName('quixotic', names)).toBeNull()
})
