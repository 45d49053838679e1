/** Owns the list of conversations. */
import { Link } from 'wouter'
import { count, formatStarted } from '../lib/format.ts'
import { threadHref } from '../lib/links.ts'
import { useThreads } from '../lib/threads.ts'
import { visible } from '../lib/visible.ts'

export function ThreadList({ current }: { current: string | null }) {
  const threads = useThreads()
  return (
    <nav className="thread-list" aria-label="Threads">
      <h2>Threads</h2>
      {threads.length === 0 && <p className="note">Every question you ask begins a thread.</p>}
      <ul>
        {threads.map(({ id, title, startedAt, runs, questions, openQuestions }) => (
          <li key={id}>
            <Link
              href={threadHref(id)}
              data-testid="thread-link"
              {...(id === current && { 'aria-current': 'page' as const })}
            >
              <bdi className="thread-title" {...(title !== null && { title })}>
                {title === null ? 'Conversation' : visible(title)}
              </bdi>
              <span className="note">
                {formatStarted(startedAt)} ·{' '}
                {questions === runs ? count(questions, 'question') : count(runs, 'run')}
                {openQuestions > 0 && <span className="thread-waiting"> · needs you</span>}
              </span>
            </Link>
          </li>
        ))}
      </ul>
    </nav>
  )
}
