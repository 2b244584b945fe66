import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import javax.xml.parsers.DocumentBuilderFactory;
import org.w3c.dom.Element;

/**
 * Checks the licences in a CycloneDX bill of materials (XML): every component must have one of those that the project takes. Of several
 * licences the user of a component may choose; one that is taken is enough. Ends with 1 and the components' names otherwise.
 */
class Licences {
  private static final Set<String> TAKEN = Set.of("Apache-2.0", "MIT", "BSD-2-Clause", "BSD-3-Clause", "EPL-1.0", "EPL-2.0");

  public static void main(String[] args) throws Exception {
    var factory = DocumentBuilderFactory.newInstance();
    factory.setFeature("http://apache.org/xml/features/disallow-doctype-decl", true);
    var bom = factory.newDocumentBuilder().parse(Path.of(args[0]).toFile());
    // What the project consists of; the bill's metadata name the tool that wrote it, too.
    var components = shipped(bom.getDocumentElement()).getElementsByTagName("component");
    var counts = new TreeMap<String, Integer>();
    List<String> refused = new ArrayList<>();
    for (int i = 0; i < components.getLength(); i++) {
      var component = (Element) components.item(i);
      List<String> licences = licences(component);
      var taken = licences.stream().filter(TAKEN::contains).findFirst();
      if (taken.isPresent()) counts.merge(taken.get(), 1, Integer::sum);
      else refused.add(text(component, "name") + " " + text(component, "version") + ": " + (licences.isEmpty() ? "no licence is named" : licences));
    }
    if (components.getLength() < 10) refused.add("only " + components.getLength() + " components: this is no bill of the whole project");
    refused.forEach(r -> System.err.println("licence not taken (" + String.join(", ", TAKEN.stream().sorted().toList()) + "): " + r));
    if (!refused.isEmpty()) System.exit(1);
    System.out.println("licences of " + components.getLength() + " components: " + counts);
  }

  private static Element shipped(Element bom) {
    for (var child = bom.getFirstChild(); child != null; child = child.getNextSibling())
      if (child instanceof Element element && element.getTagName().equals("components")) return element;
    throw new IllegalArgumentException("the bill has no components");
  }

  private static List<String> licences(Element component) {
    List<String> found = new ArrayList<>();
    for (var tag : List.of("id", "name", "expression")) {
      var all = component.getElementsByTagName("license");
      for (int i = 0; i < all.getLength(); i++) {
        var licence = (Element) all.item(i);
        if (licence.getElementsByTagName(tag).getLength() > 0) found.add(text(licence, tag));
      }
    }
    return found;
  }

  private static String text(Element of, String tag) {
    var all = of.getElementsByTagName(tag);
    return all.getLength() == 0 ? "" : all.item(0).getTextContent().strip();
  }
}
