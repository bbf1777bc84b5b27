import type { Choice, CommandFacts } from './command-facts.js'

export const shells = ['bash', 'zsh', 'fish'] as const
export type Shell = (typeof shells)[number]

/**
 * A completion script. Commands and flags are written into it; ids are asked for when they are wanted, by `sealane complete-ids
 * KIND`, which prints nothing when the apps are down.
 */
export function completionScript(shell: Shell, facts: readonly CommandFacts[]): string {
  if (shell === 'fish') return `${fishFacts(facts)}${fishDriver}`
  return `${shell === 'zsh' ? '#compdef sealane\n' : ''}${posixFacts(facts)}${walk}${shell === 'zsh' ? zshDriver : bashDriver}`
}

/** `sectors` for ids, `files`, `none`, or `=a,b` for words. */
function choiceText(choice: Choice): string {
  return typeof choice === 'string' ? choice : `=${choice.join(',')}`
}

function rowOf({ children, flags, valued, positions }: CommandFacts) {
  return {
    children: children.join(' '),
    flags: flags.join(' '),
    valued: valued.map(([flag, choice]) => `${flag}:${choiceText(choice)}`).join(' '),
    positions: positions.map(choiceText).join(' '),
  }
}

function posixFacts(facts: readonly CommandFacts[]): string {
  const cases = facts.map((one) => {
    const { children, flags, valued, positions } = rowOf(one)
    return `    '${one.words}') children='${children}' flags='${flags}' valued='${valued}' positions='${positions}' ;;\n`
  })
  return `_sealane_facts() {\n  case "$1" in\n${cases.join('')}    *) children='' flags='' valued='' positions='' ;;\n  esac\n}\n`
}

/**
 * `_sealane_wanted CURRENT WORD…` sets `wanted` to what may stand at the cursor: `=a,b` words, a kind of id, `files`, `none`.
 * Only what bash and zsh read alike, and no name that zsh keeps for itself (`path` is PATH there).
 */
const walk = `
_sealane_wanted() {
  local current="$1" walked='' word='' rest='' flag='' used=0
  local children='' flags='' valued='' positions=''
  shift
  _sealane_facts ''
  flag=''
  for word in "$@"; do
    if [ -n "$flag" ]; then flag=''; continue; fi
    case "$word" in
      -*)
        case " $valued " in *" $word:"*) flag="$word" ;; esac
        continue ;;
    esac
    case " $children " in
      *" $word "*)
        walked="$walked\${walked:+ }$word"
        _sealane_facts "$walked" ;;
      *) used=$((used + 1)) ;;
    esac
  done
  if [ -n "$flag" ]; then
    rest=" $valued "
    rest="\${rest#* $flag:}"
    wanted="\${rest%% *}"
    return
  fi
  case "$current" in
    -*) wanted="=\${flags// /,}"; return ;;
  esac
  if [ -n "$children" ]; then wanted="=\${children// /,}"; return; fi
  wanted='none'
  rest="$positions "
  while [ -n "$rest" ] && [ "$rest" != ' ' ]; do
    wanted="\${rest%% *}"
    rest="\${rest#* }"
    [ "$used" -eq 0 ] && return
    used=$((used - 1))
  done
}

_sealane_values() {
  case "$1" in
    =*) set -- "\${1#=}"; printf '%s\\n' "\${1//,/$'\\n'}" ;;
    none | files) ;;
    *) sealane complete-ids "$1" 2>/dev/null ;;
  esac
}
`

const bashDriver = `
_sealane() {
  local wanted='' current="\${COMP_WORDS[COMP_CWORD]}"
  _sealane_wanted "$current" "\${COMP_WORDS[@]:1:COMP_CWORD-1}"
  if [ "$wanted" = files ]; then
    COMPREPLY=($(compgen -f -- "$current"))
    compopt -o filenames 2>/dev/null
  else
    COMPREPLY=($(compgen -W "$(_sealane_values "$wanted")" -- "$current"))
  fi
}
complete -F _sealane sealane
`

const zshDriver = `
_sealane() {
  local wanted=''
  _sealane_wanted "$words[CURRENT]" "\${(@)words[2,CURRENT-1]}"
  if [ "$wanted" = files ]; then
    _files
  else
    compadd -- \${(f)"$(_sealane_values "$wanted")"}
  fi
}
if [ "$funcstack[1]" = _sealane ]; then _sealane "$@"; else compdef _sealane sealane; fi
`

function fishFacts(facts: readonly CommandFacts[]): string {
  const cases = facts.map((one) => {
    const { children, flags, valued, positions } = rowOf(one)
    return `    case '${one.words}'\n      printf '%s\\n' '${children}' '${flags}' '${valued}' '${positions}'\n`
  })
  return `function __sealane_facts\n  switch "$argv[1]"\n${cases.join('')}    case '*'\n      printf '%s\\n' '' '' '' ''\n  end\nend\n`
}

const fishDriver = `
function __sealane_values
  switch "$argv[1]"
    case '=*'
      string split , -- (string sub -s 2 -- "$argv[1]")
    case files
      __fish_complete_path (commandline -ct)
    case none ''
    case '*'
      sealane complete-ids "$argv[1]" 2>/dev/null
  end
end

function __sealane_complete
  set -l tokens (commandline -opc)
  set -l current (commandline -ct)
  set -l path
  set -l flag ''
  set -l used 0
  set -l facts (__sealane_facts '')
  for word in $tokens[2..-1]
    if test -n "$flag"
      set flag ''
    else if string match -q -- '-*' "$word"
      string match -q -- "* $word:*" " $facts[3]"; and set flag "$word"
    else if contains -- "$word" (string split ' ' -- $facts[1])
      set path $path $word
      set facts (__sealane_facts "$path")
    else
      set used (math $used + 1)
    end
  end
  if test -n "$flag"
    for pair in (string split ' ' -- $facts[3])
      string match -q -- "$flag:*" $pair; and __sealane_values (string replace -- "$flag:" '' $pair)
    end
  else if string match -q -- '-*' "$current"
    string split ' ' -- $facts[2]
  else if test -n "$facts[1]"
    string split ' ' -- $facts[1]
  else
    set -l positions (string split -n ' ' -- $facts[4])
    set -l at (math min $used + 1, (count $positions))
    test $at -gt 0; and __sealane_values $positions[$at]
  end
end
complete -c sealane -f -a '(__sealane_complete)'
`
