# cmake -DNAME=symbol -DINPUT=file -DOUTPUT=file.cpp -P EmbedText.cmake
# Writes a C++ file with the text of INPUT as `extern "C" const char NAME[]`.
file(READ "${INPUT}" text)
# Literals in pieces: no compiler has to take a long one.
string(LENGTH "${text}" length)
set(literals "")
set(at 0)
while(at LESS length)
  string(SUBSTRING "${text}" ${at} 8000 piece)
  string(APPEND literals "R\"~text~(${piece})~text~\"\n")
  math(EXPR at "${at} + 8000")
endwhile()
file(WRITE "${OUTPUT}" "extern \"C\" const char ${NAME}[];\nconst char ${NAME}[] =\n${literals};\n")
