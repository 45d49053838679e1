/** Owns the first page: asking on one side, all runs on the other. */
import { AskPanel } from '../components/AskPanel.tsx'
import { PageTitle } from '../components/PageTitle.tsx'
import { RunList } from '../components/RunList.tsx'

export function RunsPage() {
  return (
    <div className="runs-page" data-testid="runs-page">
      <PageTitle title="Runs" />
      <h1 className="visually-hidden">Runs</h1>
      <AskPanel />
      <section className="runs" aria-labelledby="runs-title">
        <h2 id="runs-title">Runs</h2>
        <RunList />
      </section>
    </div>
  )
}
