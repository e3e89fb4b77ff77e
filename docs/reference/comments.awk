#!/usr/bin/awk -f
# Makes the comments of a header those of Doxygen: what stands above a
# declaration, or behind it on the same line. Examples, which are indented, are
# shown as code; nothing else is a command or markup.

function escape(text) {
  gsub(/[\\@<>#%&$]/, "\\\\&", text)
  return text
}

function end_code() {
  if (in_code) print "/// @endcode"
  in_code = 0
}

BEGIN { trailing = -1 }

# The licence is no comment on anything.
/^\/\/ SPDX-/ {
  print ""
  next
}

# A heading of the C header, and what is for the compiler's reader only.
/^\/\/ ----/ || /^#/ {
  end_code()
  print
  trailing = -1
  next
}

/^[ \t]*\/\/( |$)/ {
  column = match($0, /\/\//)
  text = substr($0, column + 2)
  if (!seen_comment) print "/// @file"
  seen_comment = 1
  if (column == trailing) {
    print substr($0, 1, column - 1) "///<" escape(text)
  } else if (text ~ /^   [^ ]/ || (in_code && text ~ /^( *|    .*)$/)) {
    if (!in_code) print "/// @code"
    in_code = 1
    print "///" text
  } else {
    end_code()
    print substr($0, 1, column - 1) "///" escape(text)
  }
  next
}

{
  end_code()
  trailing = -1
  if (match($0, /[;,{})]  +\/\/ /) || match($0, /^ +k[A-Za-z0-9]+  \/\/ /)) {
    column = index($0, "// ")
    trailing = column
    print substr($0, 1, column - 1) "///<" escape(substr($0, column + 2))
    next
  }
  print
}
