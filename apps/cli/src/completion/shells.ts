import { shellWord } from '../shell-word.ts';

/** The shells for which there is a script. */
export const shells = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof shells)[number];

/**
 * The script by which a shell asks this program what may follow.
 *
 * The program's answer begins with a line that says which paths belong to it: none, files or directories. Then comes a
 * line for each word, with its meaning behind a tab.
 *
 * @param command the words by which the program is started, wherever the shell is.
 */
export function completionScript(shell: Shell, command: readonly string[]): string {
  const ask = [...command, 'complete', '--'].map(shellWord).join(' ');
  return SCRIPTS[shell].replaceAll('ASK', ask);
}

const bash = `# qfleet's completion for bash. In ~/.bashrc: source <(qfleet completion bash)
_qfleet() {
  local line=\${COMP_LINE:0:COMP_POINT} words word answer paths each mine
  read -ra words <<< "$line"
  word=
  if [[ $line != *[[:space:]] ]]; then
    word=\${words[\${#words[@]} - 1]}
    unset 'words[\${#words[@]} - 1]'
  fi
  mapfile -t answer < <(ASK "\${words[@]:1}" "$word" 2> /dev/null)
  paths=\${answer[0]}
  # Bash replaces what stands behind the last = or : alone.
  mine=\${word%"\${word##*[=:]}"}
  COMPREPLY=()
  for each in "\${answer[@]:1}"; do
    each=\${each%%$'\\t'*}
    COMPREPLY+=("\${each#"$mine"}")
  done
  if ((\${#COMPREPLY[@]} == 1)) && [[ \${COMPREPLY[0]} == *= ]]; then compopt -o nospace; fi
  if [[ $paths == files ]]; then
    mapfile -t -O "\${#COMPREPLY[@]}" COMPREPLY < <(compgen -f -- "\${word#"$mine"}")
    compopt -o filenames
  elif [[ $paths == directories ]]; then
    mapfile -t COMPREPLY < <(compgen -d -- "\${word#"$mine"}")
    compopt -o filenames
  fi
} 2> /dev/null
complete -F _qfleet qfleet
`;

const zsh = `#compdef qfleet
# qfleet's completion for zsh. In ~/.zshrc, below compinit: source <(qfleet completion zsh)
_qfleet() {
  local -a answer words_only described open
  local each word meaning
  answer=("\${(@f)$(ASK "\${(@Q)words[2,CURRENT]}" 2> /dev/null)}")
  for each in "\${(@)answer[2,-1]}"; do
    word=\${each%%$'\\t'*}
    meaning=\${each#*$'\\t'}
    [[ -z $word ]] && continue
    if [[ $word == *= ]]; then open+=("\${word//:/\\\\:}:$meaning"); else described+=("\${word//:/\\\\:}:$meaning"); fi
  done
  (($#described)) && _describe -V qfleet described
  (($#open)) && _describe -V field open -S ''
  case $answer[1] in
    files) _files ;;
    directories) _files -/ ;;
  esac
}
compdef _qfleet qfleet
`;

const fish = `# qfleet's completion for fish. In ~/.config/fish/config.fish: qfleet completion fish | source
function __qfleet_complete
    set -l words (commandline -opc)
    set -l word (commandline -ct)
    set -l answer (ASK $words[2..-1] "$word" 2> /dev/null)
    switch "$answer[1]"
        case files
            __fish_complete_path "$word"
        case directories
            __fish_complete_directories "$word" ''
    end
    printf '%s\\n' $answer[2..-1]
end
complete -c qfleet -f -a '(__qfleet_complete)'
`;

const SCRIPTS: Readonly<Record<Shell, string>> = { bash, zsh, fish };
