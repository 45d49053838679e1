/** Owns the modes a measurement runs in: the browser's back end, the durability asked for, one copy or two. */
import type { Durability } from '../../src/ledger/port.ts'

export type BackEnd = 'leveldb' | 'sqlite'

export interface Mode {
  name: string
  backEnd: BackEnd
  durability: Durability
  /** Without it there is one copy: the honest baseline. */
  journal: boolean
}

const BACK_ENDS: readonly BackEnd[] = ['leveldb', 'sqlite']
const DURABILITIES: readonly Durability[] = ['relaxed', 'strict']

export const MODES: readonly Mode[] = BACK_ENDS.flatMap((backEnd) =>
  DURABILITIES.flatMap((durability) =>
    [true, false].map((journal) => ({
      name: `${backEnd}-${durability}${journal ? '' : '-bare'}`,
      backEnd,
      durability,
      journal,
    })),
  ),
)

/** @throws Error that names all modes. */
export function modeOf(name: string): Mode {
  const mode = MODES.find((each) => each.name === name)
  if (mode === undefined)
    throw new Error(`No mode ${name}; there are ${MODES.map((each) => each.name).join(', ')}.`)
  return mode
}

/** Copies an event has once nothing is on its way. */
export const copiesOf = ({ journal }: Mode): number => (journal ? 2 : 1)
