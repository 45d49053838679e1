/** Owns the judgement of rows that are no events: commands never go back, refused inputs stay. SPEC O1, A3, W6. */
import { isDeepStrictEqual } from 'node:util'
import type { CommandState } from '../../src/core/commands.ts'
import { progressOf } from '../../src/core/commands.ts'
import { QUARANTINE_KEPT } from '../../src/ledger/quarantine.ts'
import type { Stored } from './page/protocol.ts'
import { commandOf, refusalOf } from './workload.ts'

/** What was acknowledged; later words of one command come later. */
export interface SmallKnown {
  commands: Map<string, CommandState>
  quarantine: Set<string>
}

export function smallVerdict(
  known: SmallKnown,
  { commands, quarantine }: Pick<Stored, 'commands' | 'quarantine'>,
): { commands: number; refusals: number } {
  const stored = new Map(commands.map((command) => [command.id, command]))
  const behind = [...known.commands].filter(([id, state]) => {
    const found = stored.get(id)
    return found === undefined || progressOf(found) < progressOf(commandOf(id, state))
  })
  const others = commands.filter(
    (command) => !isDeepStrictEqual(command, commandOf(command.id, command.state)),
  )
  const refused = new Set(quarantine.map(({ id }) => id))
  const gone = newest(new Set([...known.quarantine, ...refused])).filter((id) => !refused.has(id))
  const changed = quarantine.filter((entry) => !isDeepStrictEqual(entry, refusalOf(entry.id)))
  return { commands: behind.length + others.length, refusals: gone.length + changed.length }
}

/** Those the ledger keeps: its ids sort by age. */
const newest = (ids: ReadonlySet<string>): readonly string[] => [...ids].toSorted().slice(-QUARANTINE_KEPT)
