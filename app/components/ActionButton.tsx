/** Owns one verb as a button: pressed, under way, or why not. */
interface ActionButtonProps {
  action: { can: boolean; whyNot: string | null; pending: boolean }
  testId: string
  /** What it does, and what it says while it does. */
  words: readonly [idle: string, pending: string]
  /** Id of the line that says more. */
  described: string | undefined
  /** Whether what it opens is open; undefined when it opens nothing. */
  expanded?: boolean | undefined
  onPress: () => void
}

export function ActionButton({ action, testId, words, described, expanded, onPress }: ActionButtonProps) {
  const { can, whyNot, pending } = action
  return (
    <button
      type="button"
      className="button"
      data-testid={testId}
      disabled={!can || pending}
      title={whyNot ?? undefined}
      aria-describedby={described}
      aria-expanded={expanded}
      onClick={onPress}
    >
      {pending ? words[1] : words[0]}
    </button>
  )
}
