/** What a tree of runs used, each run counted once, however its figures were told. SPEC F5. */
import fc from 'fast-check'
import { expect } from 'vitest'
import { selectRunTotals } from '../../src/index.ts'
import { at } from '../../src/state/table.ts'
import { asyncProperty } from '../support/property.ts'
import { newScope, openPage, script } from './support/page.ts'
import type { Script } from './support/page.ts'

interface Node {
  /** Index of the node it was launched by; -1 for the root. */
  parent: number
  tokens: number
  /** Tells a figure for itself and all below it that nobody above tells of. */
  tellsTree: boolean
  /** Its figure is told twice, the first time too low. */
  tellsAgain: boolean
}

/** Every node but the first hangs below an earlier one. */
const trees = fc
  .array(
    fc.record({ at: fc.nat(), tokens: fc.nat(500), tellsTree: fc.boolean(), tellsAgain: fc.boolean() }),
    {
      minLength: 1,
      maxLength: 14,
    },
  )
  .map((nodes): Node[] =>
    nodes.map(({ at: above, ...node }, index) => ({ ...node, parent: index === 0 ? -1 : above % index })),
  )

const idOf = (index: number): string => `n${index}`

function below(nodes: readonly Node[], top: number): number[] {
  return nodes.flatMap((_, index) => {
    for (let up = index; up > top; up = nodes[up]?.parent ?? -1) if (nodes[up]?.parent === top) return [index]
    return []
  })
}

/** The one that tells a node's figure: the highest above it that tells of its tree. */
function tellerOf(nodes: readonly Node[], index: number): number {
  const above: number[] = []
  for (let up = nodes[index]?.parent ?? -1; up >= 0; up = nodes[up]?.parent ?? -1) above.unshift(up)
  return above.find((each) => nodes[each]?.tellsTree === true) ?? index
}

function told(nodes: readonly Node[], { event }: Script): object[] {
  return nodes.flatMap((node, index) => {
    const log = `r:${idOf(index)}`
    const parentRunId = node.parent < 0 ? null : idOf(node.parent)
    const opening = event(log, 'run.registered', { status: 'running', parentRunId })
    const teller = tellerOf(nodes, index)
    const listed = node.tellsTree && teller === index ? below(nodes, index) : []
    const includes = listed.map((each) => ({ runId: idOf(each), inputTokens: nodes[each]?.tokens ?? 0 }))
    const sum = includes.reduce((total, each) => total + each.inputTokens, node.tokens)
    const figures =
      includes.length > 0
        ? { scope: 'subtree', inputTokens: sum, includes }
        : { scope: 'own', inputTokens: node.tokens }
    const report = (extra: object) => event(log, 'usage.reported', { key: 'spend', ...figures, ...extra })
    // Half of it first, as a running count.
    const early = node.tellsAgain ? [report({ inputTokens: Math.floor(figures.inputTokens / 2) })] : []
    return [opening, ...early, report({})]
  })
}

asyncProperty(
  'F5 own figures and those of all below add up to what was used, each run once, whoever told it',
  fc.tuple(trees, fc.integer({ min: 1, max: 7 })),
  async ([nodes, size]) => {
    const page = openPage(newScope())
    await page.boot()
    const lines = script()
    const events = told(nodes, lines)
    for (let from = 0; from < events.length; from += size)
      page.source.emit(lines.stream, events.slice(from, from + size))
    await page.ledger.whenIdle()
    const { records } = page.state().runs
    for (const [index, node] of nodes.entries()) {
      const record = at(records, `r:${idOf(index)}`)
      expect(record?.entity === 'run' && record.telemetry.inputTokens, idOf(index)).toBe(node.tokens)
      const all = [index, ...below(nodes, index)].reduce((sum, each) => sum + (nodes[each]?.tokens ?? 0), 0)
      expect(selectRunTotals(page.state(), `r:${idOf(index)}`)?.inputTokens).toBe(all)
    }
    await page.ledger.dispose()
  },
  60,
)
