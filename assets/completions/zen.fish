# Completion of zen for fish: zen completions fish | source
function __zen_complete
    set -l words (commandline -opc) (commandline -ct)
    zen complete -- $words[2..-1] 2>/dev/null
end
complete -c zen -a '(__zen_complete)'
