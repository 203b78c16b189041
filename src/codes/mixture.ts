// Several priors as one: each layer believes them in shares of its own.

import { countPaths } from './contexts.ts'
import type { Prior } from './prior.ts'

/** For every layer the share of each prior: at least 0, sum 1. */
export type Shares = readonly (readonly number[])[]

/** p = Σ_m share_lm p_m. */
export function mixedPrior(priors: readonly Prior[], shares: Shares, name = 'mixture'): Prior {
  const [{ K }] = priors
  checkPriors(priors)
  checkShares(priors, shares)
  return {
    name,
    K,
    walk() {
      const walks = priors.map(prior => prior.walk())
      let layer = 0
      let here: Float64Array | null = null
      return {
        probabilities() {
          if (here) return here
          const mixed = new Float64Array(K[layer])
          walks.forEach((walk, m) => {
            const share = shares[layer][m]
            if (share === 0) return
            const p = walk.probabilities()
            for (let k = 0; k < p.length; k++) mixed[k] += share * p[k]
          })
          here = mixed
          return mixed
        },
        take(code) {
          for (const walk of walks) walk.take(code)
          layer++
          here = null
        },
      }
    },
  }
}

/**
 * The shares under which paths [N, L] are likeliest, by expectation-maximisation from even shares:
 * share_m ← mean of share_m p_m / Σ share p. The paths must be none that the priors were made of.
 * Source: Jelinek & Mercer, "Interpolated estimation of Markov source parameters from sparse data", 1980.
 */
export function fitShares(priors: readonly Prior[], codes: Int32Array): number[][] {
  checkPriors(priors)
  const [{ K }] = priors
  const L = K.length
  const count = countPaths(K, codes)
  /** p of the codes themselves, [M][L][N] */
  const p = priors.map(() => K.map(() => new Float64Array(count)))
  for (let i = 0; i < count; i++)
    priors.forEach((prior, m) => {
      const walk = prior.walk()
      for (let l = 0; l < L; l++) {
        const code = codes[i * L + l]
        p[m][l][i] = walk.probabilities()[code]
        walk.take(code)
      }
    })
  return K.map((_, l) => {
    let shares = priors.map(() => 1 / priors.length)
    for (let round = 0; round < ROUNDS; round++) {
      const next = priors.map(() => 0)
      for (let i = 0; i < count; i++) {
        let sum = 0
        for (let m = 0; m < p.length; m++) sum += shares[m] * p[m][l][i]
        for (let m = 0; m < p.length; m++) next[m] += (shares[m] * p[m][l][i]) / sum
      }
      shares = next.map(share => share / count)
    }
    return shares
  })
}

const ROUNDS = 100

function checkPriors(priors: readonly Prior[]) {
  const odd = priors.find(({ K }) => String(K) !== String(priors[0].K))
  if (odd) throw new Error(`${odd.name} is of K = ${odd.K}, but ${priors[0].name} of ${priors[0].K}`)
}

function checkShares(priors: readonly Prior[], shares: Shares) {
  const [{ K }] = priors
  const right = (own: readonly number[] | undefined) =>
    own?.length === priors.length &&
    own.every(share => share >= 0) &&
    Math.abs(own.reduce((a, b) => a + b, 0) - 1) < 1e-9
  const bad = K.findIndex((_, l) => !right(shares[l]))
  if (bad >= 0)
    throw new Error(`layer ${bad}: ${shares[bad]} are no shares of ${priors.length} priors, which sum to 1`)
}
