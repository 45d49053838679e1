/** Owns what many kills come to, and what of them a person should see at once. */
import { histogramOf, percentilesOf } from './figures.ts'
import { isClean } from './history.ts'
import { runKills } from './kills.ts'
import type { KillLine } from './kills.ts'
import type { Measurement } from './measurement.ts'
import type { Mode } from './modes.ts'

function summarize(mode: Mode, lines: readonly KillLine[]): Readonly<Record<string, unknown>> {
  // Both copies hit between two starts is more than two copies are for: told apart, never left out.
  const bothHit = lines.filter((line) => line.injected === 'journal' && line.wiped)
  const starts = lines.flatMap(({ opened }) => opened ?? [])
  const healings = lines.flatMap(({ opened, verified }) => [opened ?? [], verified ?? []].flat())
  const counted = lines.filter((line) => !bothHit.includes(line))
  const sum = (of: (line: KillLine) => number): number => counted.reduce((all, line) => all + of(line), 0)
  return {
    backEnd: mode.backEnd,
    durability: mode.durability,
    journal: mode.journal,
    acked: lines.reduce((all, line) => all + line.acknowledged, 0),
    receipts: lines.reduce((all, line) => all + line.receipts, 0),
    lost: sum(({ verdict }) => verdict.lost),
    retracted: sum(({ verdict }) => verdict.retracted),
    dup: sum(({ verdict }) => verdict.duplicates),
    gaps: sum(({ verdict }) => verdict.gaps),
    changed: sum(({ verdict }) => verdict.changed),
    blobs: sum(({ verdict }) => verdict.blobs),
    rows: sum(({ verdict }) => verdict.rows),
    cursors: sum(({ verdict }) => verdict.cursors),
    commands: sum(({ verdict }) => verdict.commands),
    refusals: sum(({ verdict }) => verdict.refusals),
    wipesSeen: lines.filter((line) => line.wiped && line.injected !== 'wipe').length,
    wipesInjected: lines.filter(({ injected }) => injected === 'wipe').length,
    journalsDamaged: lines.filter(({ injected }) => injected === 'journal').length,
    // The journal's worth was never asked for otherwise, so such a run says nothing.
    countsAsRun: !mode.journal || healings.some(({ restored }) => restored > 0),
    bothHit: bothHit.length,
    bothHitLost: bothHit.reduce((all, { verdict }) => all + verdict.lost, 0),
    restored: healings.reduce((all, { restored }) => all + restored, 0),
    copied: healings.reduce((all, { copied }) => all + copied, 0),
    silent: lines.filter(isSilent).length,
    errors: lines.filter(({ error }) => error !== null).length,
    ackMs: percentilesOf(lines.map(({ latency }) => latency)),
    firstRowMs: percentilesOf([histogramOf(starts.map(({ firstRowMs }) => firstRowMs))]),
    wholeMs: percentilesOf([histogramOf(starts.map(({ recoveredMs }) => recoveredMs))]),
  }
}

/** Something vanished, or was damaged or brought back, and the ledger said nothing of it. SPEC W7. */
export function isSilent({ verdict, wiped, opened, verified, injected }: KillLine): boolean {
  if (opened === null) return false
  const noticed = [opened, verified].some((each) => each !== null && each.copied + each.damagedBytes > 0)
  if (injected === 'journal' && !noticed) return true
  const { reportedLost, restored, vanished } = opened
  const isLess = verdict.lost + verdict.retracted > 0
  return (isLess && reportedLost === 0 && !vanished) || (wiped && restored + reportedLost === 0 && !vanished)
}

function fault(line: KillLine): unknown {
  const { error, wiped, injected, verdict, latency: _, ...rest } = line
  const isNatural = wiped && injected !== 'wipe'
  if (error === null && isClean(verdict) && !isNatural && !isSilent(line)) return null
  return { error, wiped, injected, verdict, ...rest }
}

export const kills: Measurement<KillLine> = { test: 'kills', n: 500, run: runKills, summarize, fault }
