/** Owns the list of conversations. */
import { Link } from 'wouter'
import { count, formatStarted } from '../lib/format.ts'
import { threadHref } from '../lib/links.ts'
import { useThreads } from '../lib/threads.ts'

export function ThreadList({ current }: { current: string | null }) {
  const threads = useThreads()
  return (
    <nav className="thread-list" aria-label="Threads">
      <h2>Threads</h2>
      {threads.length === 0 && <p className="note">Every question you ask begins a thread.</p>}
      <ul>
        {threads.map(({ id, title, startedAt, runs, openQuestions }) => (
          <li key={id}>
            <Link
              href={threadHref(id)}
              data-testid="thread-link"
              {...(id === current && { 'aria-current': 'page' as const })}
            >
              <bdi className="thread-title" title={title}>
                {title}
              </bdi>
              <span className="note">
                {formatStarted(startedAt)} · {count(runs, 'question')}
                {openQuestions > 0 && <span className="thread-waiting"> · needs you</span>}
              </span>
            </Link>
          </li>
        ))}
      </ul>
    </nav>
  )
}
