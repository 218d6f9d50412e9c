# Completion of zen for bash: source <(zen completions bash)
_zen() {
  local IFS=$'\n' words=("${COMP_WORDS[@]:1:COMP_CWORD}")
  # A word that holds `=` or `:` is several to bash; such a value is left to the person.
  COMPREPLY=($(zen complete -- "${words[@]}" 2>/dev/null | cut -f1))
}
complete -o bashdefault -o default -F _zen zen
