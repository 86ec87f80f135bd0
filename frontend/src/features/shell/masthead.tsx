/** The name of the paper. Size comes from the place it stands in. */
export function Masthead() {
  return <span className="font-serif font-bold tracking-tight">Tidings</span>;
}
