/** Owns the list of all conversations, for those who come from the header. */
import { PageTitle } from '../components/PageTitle.tsx'
import { ThreadList } from '../components/ThreadList.tsx'

export function ThreadsPage() {
  return (
    <div className="threads-page" data-testid="threads-page">
      <PageTitle title="Threads" />
      <h1 className="visually-hidden">Threads</h1>
      <ThreadList current={null} />
    </div>
  )
}
