/** Owns how far long work is, for the eye and for screen readers. */
export function ProgressBar({ label, progress }: { label: string; progress: number | null }) {
  return (
    <div className="progress" data-testid="progress">
      <span className="note">
        {label}
        {progress !== null && ` ${Math.round(progress * 100)} %`}
      </span>
      <progress max={1} aria-label={label} {...(progress !== null && { value: progress })} />
    </div>
  )
}
