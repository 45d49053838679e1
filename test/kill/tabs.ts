/**
 * Owns three tabs over one core, for minutes: frozen, thawed, crashed, closed and reloaded at random while the core
 * talks. In the end there is one log a run, equal to what the core told, and every tab shows it. SPEC T1, T2, O1.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { openSite } from '../e2e/shared/site.ts'
import type { Site } from '../e2e/shared/site.ts'
import { launchRaw } from '../e2e/support/rawChromium.ts'
import { histogramOf, percentilesOf } from './figures.ts'
import type { Measurement, Slice } from './measurement.ts'
import { openTabs } from './tabGroup.ts'
import type { Tabs, Taken } from './tabGroup.ts'
import { judgeTabs } from './tabVerdict.ts'
import type { TabJudgement, TabVerdict } from './tabVerdict.ts'
import { hash, LOGS, randomOf, toldAt } from './workload.ts'
import type { Random } from './workload.ts'

const TABS = 3
/** Between two words of the core, and between two things that happen to tabs; the first of each is the shortest. */
const TALK_MS = 25
const EVENTS_AT_ONCE = 4
const SHORTEST_CALM_MS = 300
const LONGEST_CALM_MS = 1_800
/** Long enough to be robbed, and short enough not to be. */
const LONGEST_FREEZE_MS = 5_000
/** What the end needs before the time is over. */
export const LAST_MS = 15_000

export const HAPPENINGS = ['freeze', 'freeze', 'crash', 'close', 'reload', 'command'] as const
export type Happening = (typeof HAPPENINGS)[number]

export interface TabsLine extends TabJudgement {
  seconds: number
  /** Events the core told. */
  events: number
  happened: Readonly<Record<Happening, number>>
  /** How long nobody was connected, by why the seat was empty. */
  taken: readonly Taken[]
}

/** One line: tabs for as long as there is time. */
async function runTabs(slice: Slice<TabsLine>): Promise<void> {
  const { seed } = slice
  const site = await openSite()
  const browser = await launchRaw()
  try {
    const tabs = await openTabs(browser, site.url)
    const random = randomOf(hash(`${seed}/tabs/${slice.from}`))
    await slice.onLine(await soak(site, tabs, random, slice.until - LAST_MS, hash(`${seed}`)))
  } finally {
    await browser.close()
    await site.close()
  }
}

async function soak(site: Site, tabs: Tabs, random: Random, until: number, seed: number): Promise<TabsLine> {
  const began = Date.now()
  const happened: Record<Happening, number> = { freeze: 0, crash: 0, close: 0, reload: 0, command: 0 }
  while (tabs.running().length < TABS) await tabs.open()
  const stopTalking = talk(site, random, seed)
  try {
    while (Date.now() < until) {
      await sleep(SHORTEST_CALM_MS + random.below(LONGEST_CALM_MS - SHORTEST_CALM_MS))
      const happening = HAPPENINGS[random.below(HAPPENINGS.length)] ?? 'freeze'
      if (await happen(tabs, happening, random)) happened[happening] += 1
      while (tabs.running().length + tabs.frozen().length < TABS) await tabs.open()
    }
  } finally {
    stopTalking()
  }
  await tabs.thawAll()
  const judgement = await judgeTabs(tabs, site.core())
  return {
    seconds: Math.round((Date.now() - began) / 1_000),
    events: site.core().history.length,
    happened,
    taken: tabs.taken(),
    ...judgement,
  }
}

/** The core goes on whoever listens. */
function talk(site: Site, random: Random, seed: number): () => void {
  const heads = new Map<string, number>()
  const timer = setInterval(() => {
    const events = Array.from({ length: 1 + random.below(EVENTS_AT_ONCE) }, () => {
      const log = LOGS[random.below(LOGS.length)] ?? 'r:a'
      const sequence = (heads.get(log) ?? 0) + 1
      heads.set(log, sequence)
      const { type, payload } = toldAt({ seed, log, sequence, generation: 1 })
      return { log, type, payload: payload as object }
    })
    site.core().emit(events)
  }, TALK_MS)
  return () => clearInterval(timer)
}

/** Tells whether it could happen: somebody is left who can be looked at. */
async function happen(tabs: Tabs, happening: Happening, random: Random): Promise<boolean> {
  const running = tabs.running()
  const tab = running[random.below(running.length)]
  if (tab === undefined) return false
  if (happening === 'command') {
    await tabs.stop(tab, LOGS[random.below(LOGS.length)] ?? 'r:a')
    return true
  }
  if (running.length < 2) return false
  // The leader as often as all others together.
  const chosen = random.below(2) === 0 ? (tabs.leader() ?? tab) : tab
  if (happening === 'freeze') await tabs.freeze(chosen, 500 + random.below(LONGEST_FREEZE_MS))
  else await tabs[happening](chosen)
  return true
}

const REASONS = ['freed', 'frozen'] as const

export const tabs: Measurement<TabsLine> = {
  test: 'tabs',
  n: 1,
  run: runTabs,
  fault: (line) => (Object.values(line.verdict).some((count) => count > 0) ? line : null),
  summarize(_mode, lines) {
    const sum = (of: (line: TabsLine) => number): number => lines.reduce((all, line) => all + of(line), 0)
    const verdicts = lines.flatMap(({ verdict }) => Object.keys(verdict) as (keyof TabVerdict)[])
    const taken = lines.flatMap((line) => line.taken)
    const times = REASONS.map((why) => {
      const own = taken.filter((each) => each.why === why)
      return [`${why}Ms`, percentilesOf([histogramOf(own.map(({ ms }) => ms))])] as const
    })
    return {
      seconds: sum(({ seconds }) => seconds),
      events: sum(({ events }) => events),
      ...Object.fromEntries(
        [...new Set(HAPPENINGS)].map((name) => [name, sum(({ happened }) => happened[name])]),
      ),
      takeovers: taken.length,
      copied: sum(({ copied }) => copied),
      ...Object.fromEntries(times),
      ...Object.fromEntries(
        [...new Set(verdicts)].map((name) => [name, sum(({ verdict }) => verdict[name])]),
      ),
    }
  },
}
