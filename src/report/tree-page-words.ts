/** What the page of a tree says of a node. */

import type { PageTree } from './tree-page-data.ts'

export interface TreeWords {
  /** The codes from the root of the tree to a node. */
  pathOf(node: number): number[]
  facts(node: number): [name: string, value: string][]
  /** The same in one line, for those who listen. */
  sentence(node: number): string
}

/**
 * Its text is also part of the page: it must name nothing but its own arguments and what every browser has.
 *
 * @param levelOf  the level of every node, and how many children of it are shown
 */
export function treeWords(tree: PageTree, levelOf: ArrayLike<number>, shown: ArrayLike<number>): TreeWords {
  const { parent, code, levels, passing } = tree
  const grouped = (value: number) => value.toLocaleString('en-GB')
  const shareOf = (part: number, whole: number) => {
    const percent = whole > 0 ? (100 * part) / whole : 0
    return `${percent >= 10 || percent === 0 ? Math.round(percent) : percent.toPrecision(2)}\u00a0%`
  }
  const images = (count: number) => `${grouped(count)} ${count === 1 ? 'image' : 'images'}`

  function facts(i: number): [name: string, value: string][] {
    const { bits } = levels[levelOf[i]]
    const all: [string, string][] = [['Bits so far', String(Number(bits.toFixed(1)))]]
    if (passing) {
      const count = passing.counts[i]
      all.push([
        'Pass through',
        `${grouped(count)} of ${images(passing.count)}, ${shareOf(count, passing.count)}`,
      ])
      const [name, often = 0] = passing.labels[i]
      if (name !== undefined)
        all.push(['Commonest class', `${passing.names[name]}, ${shareOf(often, count)}`])
    }
    if (shown[i] > 0) {
      const of = tree.K[levelOf[i]]
      all.push(['Children', shown[i] === of ? `all ${of} shown` : `${shown[i]} of ${grouped(of)} shown`])
      const [children, images_] = tree.hidden[i] ?? [0, 0]
      if (passing && children) all.push(['Not shown', `${grouped(children)} with ${images(images_)}`])
    }
    return all
  }

  function sentence(i: number): string {
    const path = pathOf(i)
    const name = path.length ? `Path ${path.join(', ')}` : 'The root'
    return `${name}. ${facts(i)
      .map(([name, value]) => `${name}: ${value}`)
      .join('. ')}.`
  }

  function pathOf(i: number): number[] {
    return i === 0 ? [...tree.top] : [...pathOf(parent[i]), code[i]]
  }

  return { pathOf, facts, sentence }
}
