#compdef zen
# Completion of zen for zsh: source <(zen completions zsh), or a file _zen in $fpath
_zen() {
  local -a plain described
  local line
  while IFS= read -r line; do
    if [[ $line == *$'\t'* ]]; then
      described+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}")
    else
      plain+=("$line")
    fi
  done < <(zen complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)
  if (( ${#described} + ${#plain} == 0 )); then
    _files
    return
  fi
  (( ${#described} )) && _describe -V 'zen' described
  (( ${#plain} )) && compadd -a plain
}
if [[ ${funcstack[1]} == _zen ]]; then
  _zen "$@"
else
  compdef _zen zen
fi
