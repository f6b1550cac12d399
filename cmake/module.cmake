# exchange_module(name SOURCES … [DEPS module …] [LIBS target …] [TESTS …] [PGTESTS …]
#                 [KAFKATESTS …] [S3TESTS …] [TEST_LIBS …] [NO_ASIO])
#
# One static library `exchange_<name>` from the sources of src/<name>, and one test program for each
# kind of test it has. The kind says what the test needs: nothing, Postgres, Kafka or an S3 server
# (tests/README.md). DEPS names other modules; only edges that tools/layers.toml allows.
function(exchange_module name)
  cmake_parse_arguments(ARG "NO_ASIO" ""
    "SOURCES;DEPS;LIBS;TESTS;PGTESTS;KAFKATESTS;S3TESTS;TEST_LIBS" ${ARGN})
  set(target exchange_${name})
  add_library(${target} STATIC ${ARG_SOURCES})
  list(TRANSFORM ARG_DEPS PREPEND exchange_)
  target_link_libraries(${target} PUBLIC exchange_options Threads::Threads ${ARG_DEPS} ${ARG_LIBS})
  if(NOT ARG_NO_ASIO AND TARGET exchange_asio)
    target_link_libraries(${target} PUBLIC exchange_asio)
    target_precompile_headers(${target} REUSE_FROM exchange_asio)
  endif()
  exchange_tests(${name} test unit "${ARG_TESTS}" "${ARG_TEST_LIBS}" "${ARG_NO_ASIO}")
  exchange_tests(${name} pgtest postgres "${ARG_PGTESTS}" "${ARG_TEST_LIBS}" "${ARG_NO_ASIO}")
  exchange_tests(${name} kafkatest kafka "${ARG_KAFKATESTS}" "${ARG_TEST_LIBS}" "${ARG_NO_ASIO}")
  exchange_tests(${name} s3test s3 "${ARG_S3TESTS}" "${ARG_TEST_LIBS}" "${ARG_NO_ASIO}")
endfunction()

function(exchange_tests name kind label sources libs no_asio)
  if(NOT sources)
    return()
  endif()
  set(target ${name}_${kind})
  add_executable(${target} ${sources})
  target_link_libraries(${target} PRIVATE exchange_${name} ${libs} GTest::gtest GTest::gmock
                        GTest::gtest_main)
  target_include_directories(${target} PRIVATE ${CMAKE_SOURCE_DIR}/tests)
  target_compile_definitions(${target} PRIVATE EXCHANGE_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
  # gtest's macros use variadic templates in ways these two dislike.
  target_compile_options(${target} PRIVATE -Wno-gnu-zero-variadic-macro-arguments
                         -Wno-global-constructors)
  if(NOT no_asio AND TARGET exchange_asio)
    target_precompile_headers(${target} REUSE_FROM exchange_asio)
  endif()
  add_test(NAME ${target} COMMAND ${target})
  set_tests_properties(${target} PROPERTIES LABELS ${label} TIMEOUT 300)
endfunction()
