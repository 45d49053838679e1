/** Owns what a page says when there is nothing under its address. */
import { Link } from 'wouter'
import { runsHref } from '../lib/links.ts'
import { PageTitle } from './PageTitle.tsx'

export function NotFound({ title, children }: { title: string; children: string }) {
  return (
    <div className="not-found" data-testid="not-found">
      <PageTitle title={title} />
      <h1>{title}</h1>
      <p>{children}</p>
      <Link className="button" href={runsHref}>
        Back to the list of runs
      </Link>
    </div>
  )
}

export function RunNotKnown() {
  return (
    <NotFound title="This run is not known here">
      It may have been started in another browser, or its history was cleared.
    </NotFound>
  )
}
