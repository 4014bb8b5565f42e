package standin;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.stream.Collectors;

/** Text files packed into the plugin's jar. */
final class Resource {
  private Resource() {}

  /** The lines of a file, without comments and empty lines. */
  static Set<String> lines(String name) {
    try (InputStream in = Resource.class.getResourceAsStream("/" + name)) {
      if (in == null) throw new IllegalStateException("the stand-in plugin was built without " + name);
      BufferedReader reader = new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8));
      return reader.lines().filter(line -> !line.isBlank() && !line.startsWith("#"))
          .collect(Collectors.toCollection(LinkedHashSet::new));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
