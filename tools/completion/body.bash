    local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
    local command=${COMP_WORDS[1]-} kind
    COMPREPLY=()
    # "--flag=value" is three words to bash.
    if [[ $current == = ]]; then
        current=
    elif [[ $before == = ]]; then
        before=${COMP_WORDS[COMP_CWORD - 2]}
    fi
    if ((COMP_CWORD == 1)); then
        mapfile -t COMPREPLY < <(compgen -W "$commands" -- "$current")
        return
    fi
    kind=${values["$command $before"]-}
    if [[ -z $kind && $current != -* ]]; then
        kind=${words[$command]-}
        ((COMP_CWORD == 2)) && [[ -n $kind ]] || kind=${places[$command]-}
    fi
    case $kind in
    DIR)
        compopt -o filenames
        mapfile -t COMPREPLY < <(compgen -d -- "$current")
        ;;
    FILE)
        compopt -o filenames
        mapfile -t COMPREPLY < <(compgen -f -- "$current")
        ;;
    -) ;;
    '') mapfile -t COMPREPLY < <(compgen -W "${flags[$command]-}" -- "$current") ;;
    *) mapfile -t COMPREPLY < <(compgen -W "$kind" -- "$current") ;;
    esac
