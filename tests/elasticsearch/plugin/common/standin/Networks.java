package standin;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.elasticsearch.common.network.InetAddresses;

/** The test table: which invented place and operator a network of the documentation ranges belongs to. */
final class Networks {
  private static final List<Network> TABLE = load();

  private Networks() {}

  /** One line of networks.tsv. */
  record Network(String cidr, InetAddress base, int prefix, Map<String, String> columns) {
    boolean contains(InetAddress address) {
      byte[] a = address.getAddress();
      byte[] b = base.getAddress();
      if (a.length != b.length) return false;
      for (int bit = 0; bit < prefix; bit++) {
        int mask = 0x80 >> (bit % 8);
        if ((a[bit / 8] & mask) != (b[bit / 8] & mask)) return false;
      }
      return true;
    }

    String get(String column) {
      String value = columns.get(column);
      return value == null || value.isEmpty() ? null : value;
    }
  }

  /** The network an address belongs to, or null; a text that is no address is an error, as in the real processor. */
  static Network find(String ip) {
    InetAddress address = InetAddresses.forString(ip);
    return TABLE.stream().filter(network -> network.contains(address)).findFirst().orElse(null);
  }

  private static List<Network> load() {
    List<Network> table = new ArrayList<>();
    String[] header = null;
    for (String line : Resource.lines("networks.tsv")) {
      String[] cells = line.split("\t", -1);
      if (header == null) {
        header = cells;
        continue;
      }
      Map<String, String> columns = new java.util.HashMap<>();
      for (int i = 0; i < header.length; i++) columns.put(header[i], cells[i]);
      String[] cidr = cells[Arrays.asList(header).indexOf("network")].split("/");
      table.add(new Network(cidr[0] + "/" + cidr[1], InetAddresses.forString(cidr[0]), Integer.parseInt(cidr[1]), columns));
    }
    return table;
  }
}
