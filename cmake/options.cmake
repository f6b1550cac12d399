# Compiler settings that every target shares, and the sanitizers.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_CXX_SCAN_FOR_MODULES OFF)
# Assertions check programmer errors and stay on in every build, so NDEBUG is never defined.
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O2 -g1")
set(CMAKE_CXX_FLAGS_DEBUG "-O1 -g1 -fno-omit-frame-pointer")

set(EXCHANGE_SANITIZE "" CACHE STRING "Sanitizers to build with: address,undefined or thread")

add_library(exchange_options INTERFACE)
target_compile_options(exchange_options INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wnon-virtual-dtor -Wold-style-cast -Werror
  # A precompiled header must be the same bytes for the same text, or the compiler cache misses.
  "SHELL:-Xclang -fno-pch-timestamp")
target_include_directories(exchange_options INTERFACE
  ${CMAKE_SOURCE_DIR}/src ${CMAKE_BINARY_DIR}/generated)
target_compile_definitions(exchange_options INTERFACE
  BOOST_ASIO_SEPARATE_COMPILATION BOOST_BEAST_SEPARATE_COMPILATION BOOST_ASIO_NO_DEPRECATED
  BOOST_ASIO_DISABLE_BOOST_ARRAY)
target_link_options(exchange_options INTERFACE -fuse-ld=lld-19)

if(EXCHANGE_SANITIZE)
  target_compile_options(exchange_options INTERFACE
    -fsanitize=${EXCHANGE_SANITIZE} -fno-sanitize-recover=all)
  target_link_options(exchange_options INTERFACE -fsanitize=${EXCHANGE_SANITIZE})
endif()

# Every program brings these itself, because ThreadSanitizer must see librdkafka's threads.
if(EXCHANGE_SANITIZE STREQUAL "thread")
  add_library(exchange_tsan_threads OBJECT ${CMAKE_SOURCE_DIR}/cmake/tsan_threads.cpp)
  target_compile_options(exchange_tsan_threads PRIVATE -fsanitize=thread)
  target_link_libraries(exchange_options INTERFACE $<TARGET_OBJECTS:exchange_tsan_threads>)
endif()
