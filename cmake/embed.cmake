# exchange_sql(module): every src/<module>/sql/<name>.sql becomes the constant
# exchange::<module>::sql::<name> of type pg::Statement in <module>/sql.hpp. The file name is the
# statement's name in logs and metrics.
function(exchange_sql module)
  file(GLOB files CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${module}/sql/*.sql)
  list(LENGTH files count)
  set(body "")
  set(names "")
  foreach(file IN LISTS files)
    get_filename_component(name ${file} NAME_WE)
    file(READ ${file} text)
    set_property(DIRECTORY ${CMAKE_SOURCE_DIR} APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
    string(APPEND body
      "inline constexpr pg::Statement ${name}{\"${name}\", R\"sql(${text})sql\"};\n")
    string(APPEND names "    ${name},\n")
  endforeach()
  file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/generated/${module}/sql.hpp @ONLY CONTENT
"// Generated from src/${module}/sql; edit the files there.
#pragma once

#include \"pg/statement.hpp\"

#include <array>

namespace exchange::${module}::sql {

@body@
// Every statement of this module, so that a test can prepare each against the migrated schema.
inline constexpr std::array<pg::Statement, @count@> all{{
@names@}};

}  // namespace exchange::${module}::sql
")
endfunction()

# exchange_migrations(): sql/migrations/NNNN_<what>.sql, in order, as pg/migrations_data.hpp.
function(exchange_migrations)
  file(GLOB files CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/sql/migrations/*.sql)
  list(SORT files)
  list(LENGTH files count)
  set(body "")
  foreach(file IN LISTS files)
    get_filename_component(name ${file} NAME_WE)
    file(READ ${file} text)
    set_property(DIRECTORY ${CMAKE_SOURCE_DIR} APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
    string(SUBSTRING ${name} 0 4 number)
    string(REGEX REPLACE "^0+" "" number ${number})
    string(APPEND body "    Migration{${number}, \"${name}\", R\"sql(${text})sql\"},\n")
  endforeach()
  file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/generated/pg/migrations_data.hpp @ONLY CONTENT
"// Generated from sql/migrations; edit the files there.
#pragma once

#include \"pg/migration.hpp\"

#include <array>

namespace exchange::pg {

inline constexpr std::array<Migration, @count@> migrations{{
@body@}};

}  // namespace exchange::pg
")
endfunction()

# exchange_text(module name file): the file's text as the constant exchange::<module>::<name> in
# <module>/<name>.hpp.
function(exchange_text module name file)
  file(READ ${file} text)
  set_property(DIRECTORY ${CMAKE_SOURCE_DIR} APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
  file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/generated/${module}/${name}.hpp @ONLY CONTENT
"// Generated from a file of the tree; edit that.
#pragma once

#include <string_view>

namespace exchange::${module} {

inline constexpr std::string_view ${name} = R\"text(${text})text\";

}  // namespace exchange::${module}
")
endfunction()
