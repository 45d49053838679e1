/**
 * Owns the first page: what happened while nobody looked, then asking on one side, all runs on the other, and which is
 * first where there is one.
 */
import { useState } from 'react'
import { useRuns } from 'run-ledger/react'
import { AskPanel } from '../components/AskPanel.tsx'
import { MorningView } from '../components/MorningView.tsx'
import { OpenHumanPanel } from '../components/OpenHumanPanel.tsx'
import { PageTitle } from '../components/PageTitle.tsx'
import { RunList } from '../components/RunList.tsx'
import { openHuman } from '../store.ts'

export function RunsPage() {
  const [asking, setAsking] = useState(false)
  const runsFirst = useRunsFirst(asking)
  return (
    <div
      className="runs-page"
      data-testid="runs-page"
      data-runs-first={runsFirst}
      onFocus={({ target }) => setAsking(target.closest('.ask') !== null)}
      onBlur={() => setAsking(false)}
    >
      <PageTitle title="Runs" />
      <h1 className="visually-hidden">Runs</h1>
      <MorningView />
      {openHuman === null ? <AskPanel /> : <OpenHumanPanel openHuman={openHuman} />}
      <section className="runs" aria-labelledby="runs-title">
        <h2 id="runs-title">Runs</h2>
        <RunList />
      </section>
    </div>
  )
}

/**
 * Runs that go on or wait for a person come before a new question. Decided when that changes, and not while
 * someone asks: a run that ends elsewhere must not move the field they write in.
 */
function useRunsFirst(asking: boolean): boolean {
  const active = useRuns().some(({ bucket }) => bucket === 'needs_input' || bucket === 'working')
  const [known, setKnown] = useState(active)
  const [first, setFirst] = useState(active)
  if (known !== active) {
    setKnown(active)
    if (!asking) setFirst(active)
  }
  return first
}
